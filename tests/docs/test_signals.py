"""The guide's programs about metrics and logs show what they say."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

import pytest
from opentelemetry.trace import format_span_id, format_trace_id
from pytest_examples import CodeExample

from faststream_otel import _conventions
from faststream_otel.testing import Trace, assert_trace
from guide.places import BROKERS, ROOT
from guide.programs import Program
from guide.signals import LOGS, METRICS, SIGNALS, a_process, output, perform, run
from tests.docs.test_programs import assert_links_its_message
from tests.test_metrics import ALLOWED

if TYPE_CHECKING:
    from pytest_examples import EvalExample

every_signal = pytest.mark.parametrize("program", SIGNALS, ids=str)


@pytest.mark.parametrize("program", METRICS, ids=str)
def test_output(
    program: Program, eval_example: EvalExample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the program prints is what stands after `#>`."""
    # pytest-examples runs a program under this name.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])

    async def show() -> None:
        assert await perform(sys.modules["__main__"]) == []

    printed: list[str] = []

    def note(text: str) -> str:
        printed.append(text)
        return text

    eval_example.print_callback = note
    example = CodeExample.create(program.path.read_text(), path=program.path)
    check = (
        eval_example.run_print_update
        if eval_example.update_examples
        else eval_example.run_print_check
    )
    failure = ""
    with a_process():
        try:
            check(example, module_globals={"__play__": show}, call="__play__")
        except Exception as error:
            # On Python 3.11 pytest itself fails on the traceback of an example.
            failure = f"{program}: {type(error).__name__}: {error}"
    if failure:
        pytest.fail(failure, pytrace=False)
    # pytest-examples says nothing of a line whose print never ran.
    shown = program.shown()
    assert sorted(shown) == sorted(printed)
    assert len(shown) == 6


@pytest.mark.parametrize("program", LOGS, ids=str)
def test_lines(program: Program) -> None:
    """The lines on the page are those that the program logs, on each broker."""
    assert output(program).read_text() == run(program).logged, (
        "the lines are not those of the program; run scripts/update"
    )


@pytest.mark.parametrize("program", LOGS, ids=str)
def test_lines_have_the_ids_of_the_process_span(program: Program) -> None:
    """The service's line, and FastStream's before and after it."""
    done = run(program)
    _, process = done.trace.spans
    lines = done.logged.splitlines()
    for line, said in zip(lines, ("Received", "Packing", "Processed"), strict=True):
        assert said in line
        assert format_trace_id(process.trace_id) in line
        assert format_span_id(process.span_id) in line


@pytest.mark.parametrize("broker", BROKERS)
def test_the_instrumentation_logs_the_same_lines(broker: str) -> None:
    """As the program with a filter of its own."""
    steps = ("logs", "logs_instrumented")
    own, instrumented = (run(Program(broker, step)).logged for step in steps)
    assert own == instrumented


@pytest.mark.parametrize("broker", BROKERS)
def test_structlog_keeps_the_fields(broker: str) -> None:
    """FastStream's lines have those that they have as JSON."""
    steps = ("logs_json", "logs_structlog")
    logged = (run(Program(broker, step)).logged.splitlines() for step in steps)
    for line, (as_json, by_structlog) in enumerate(zip(*logged, strict=True)):
        fields = dict(field.split("=") for field in by_structlog.split())
        same = {"message": fields.pop("event"), **fields} == json.loads(as_json)
        # The service's own line is an event with a field here, and a text there.
        assert same is (line != 1), by_structlog


def test_the_page_lists_the_fields_of_faststream() -> None:
    """Those that its lines have as JSON, on any broker, and no other."""
    found: set[str] = set()
    for program in LOGS:
        if program.step == "logs_json":
            lines = output(program).read_text().splitlines()
            received, packing, processed = map(json.loads, lines)
            assert received.keys() == processed.keys()
            found |= received.keys() - packing.keys()
    fields = re.compile("^FastStream adds (.+)", re.MULTILINE)
    (said,) = fields.findall(section("logs", "As JSON"))
    assert set(re.findall(r"`(.+?)`", said)) == found


ONE_MESSAGE = """
    publish orders [PRODUCER]
      process orders [CONSUMER]
"""


@every_signal
def test_trace(program: Program) -> None:
    """Each message is published and handled, in a trace of its own."""
    spans = run(program).trace.spans
    traces = {span.trace_id for span in spans}
    assert len(traces) == (2 if program.step == "metrics" else 1)
    for trace_id in traces:
        of_message = tuple(span for span in spans if span.trace_id == trace_id)
        assert_trace(Trace(of_message), ONE_MESSAGE)
        assert_links_its_message(Trace(of_message), of_message[-1])


def test_a_process_leaves_no_trace() -> None:
    """The next program, and the next test, find logging as it was."""
    import logging
    import logging.config

    def state() -> list[object]:
        root = logging.getLogger()
        return [
            *root.handlers,
            root.level,
            logging.getLogRecordFactory(),
            logging.basicConfig,
            logging.config.dictConfig,
            logging.config.fileConfig,
        ]

    before = state()
    for program in LOGS:
        run(program)
    assert state() == before


def section(page: str, heading: str) -> str:
    """What stands under a heading of a page."""
    text = (ROOT / "docs" / f"{page}.md").read_text()
    _, _, after = text.partition(f"\n## {heading}\n")
    return after.partition("\n## ")[0]


def test_the_page_lists_the_instruments() -> None:
    """Each with its kind and unit."""
    source = (ROOT / "faststream_otel" / "_metrics.py").read_text()
    found = re.findall(
        r'create_(histogram|counter)\(\s*conventions\.(\w+),\s*unit="([^"]+)"', source
    )
    made = [(kind, getattr(_conventions, name), unit) for kind, name, unit in found]
    listed = re.findall(
        r"^`(.+)`\n:   (\w+), in `(.+)`\.$",
        section("metrics", "What is recorded"),
        re.MULTILINE,
    )
    assert [(kind.lower(), name, unit) for name, kind, unit in listed] == made
    assert len(made) == 5


def test_the_page_lists_the_attributes() -> None:
    """All that a point may have, and nothing else."""
    terms = re.findall(r"^(`.+`)\n:   ", section("metrics", "Attributes"), re.MULTILINE)
    listed = [name for term in terms for name in re.findall(r"`(.+?)`", term)]
    assert sorted(listed) == sorted(ALLOWED | {"messaging.operation.type"})


def test_the_page_lists_the_log_events() -> None:
    """Those that `tests/test_exceptions.py` asserts; no create span ends with one."""
    text = section("logs", "Exceptions as log events")
    event = re.compile(r"^`(messaging.+)`\n:   `(.+)`, for (.+)\.$", re.MULTILINE)
    listed = event.findall(text)
    operations = [
        operation
        for operation in vars(_conventions).values()
        if isinstance(operation, _conventions.Operation)
        and operation is not _conventions.CREATE
    ]
    assert {
        name: (event, severity)
        for event, severity, names in listed
        for name in names.split(", ")
    } == {
        operation.name: (
            f"messaging.{operation.type}.exception",
            "ERROR" if operation is _conventions.PROCESS else "WARN",
        )
        for operation in operations
    }
