"""Every program of the guide runs, prints what it says, and records its trace."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from pytest_examples import CodeExample

from faststream_otel.testing import assert_trace
from guide.expected import DIFFERENT, EXPECTED
from guide.figures import STYLE, STYLE_SHEET
from guide.fresh import a_new_process
from guide.pictures import FAILURE, failure
from guide.places import PROGRAMS
from guide.programs import ALL, OTHERWISE, PRINTING, STAND_INS, TESTS, Program
from guide.signals import SIGNALS
from tests.docs.exporting import EXPORTING
from tests.kinds import process_per_broker
from tests.plugins import without_plugins

if TYPE_CHECKING:
    from pytest_examples import EvalExample

    from faststream_otel.testing import RecordedSpan, Trace

# Directories of programs that are the same for all brokers.
SAME_FOR_ALL = ("beside", "boundaries", "languages", "troubleshooting")
every_program = pytest.mark.parametrize("program", ALL, ids=str)


def test_no_program_is_forgotten() -> None:
    """Each file is a program of the table, and each program has its file."""
    files = {
        str(path.relative_to(PROGRAMS))
        for path in PROGRAMS.rglob("*.py")
        # tests/monitoring runs the full example, and knows its files;
        # test_troubleshooting.py runs what is the same for all brokers.
        if not {"monitoring", *SAME_FOR_ALL} & set(path.parts)
    }
    programs = (*ALL, *TESTS, *SIGNALS, *EXPORTING)
    assert files == {f"{program}.py" for program in programs}


@pytest.mark.parametrize("program", ALL, ids=str)
def test_output(
    program: Program, eval_example: EvalExample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the program prints is what stands after `#>`."""
    # pytest-examples runs a program under this name.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])

    async def play() -> None:
        module = sys.modules["__main__"]
        with program.instrumented(), program.recorded(module, *others):
            await program.play(module, *others)

    printed: list[str] = []

    def note(output: str) -> str:
        printed.append(output)
        return output

    eval_example.print_callback = note
    example = CodeExample.create(program.path.read_text(), path=program.path)
    run = (
        eval_example.run_print_update
        if eval_example.update_examples
        else eval_example.run_print_check
    )
    failure = ""
    with a_new_process(), program.others() as others:
        try:
            run(example, module_globals={"__play__": play}, call="__play__")
        except Exception as error:
            # On Python 3.11 pytest itself fails on the traceback of an example.
            failure = f"{program}: {type(error).__name__}: {error}"
    if failure:
        pytest.fail(failure, pytrace=False)
    # pytest-examples says nothing of a line whose print never ran.
    assert set(program.shown()) == set(printed)


@every_program
def test_trace(program: Program) -> None:
    """The program records the spans that its page describes, and no other."""
    recorded = program.record()
    assert_trace(recorded, program.expected)
    assert_links_its_messages(program, recorded)


def assert_links_its_messages(program: Program, recorded: Trace) -> None:
    """What is processed links its messages, where those are in the trace."""
    if program.played.faststreams_own or program.played.of_strangers:
        return
    for span in recorded.spans:
        if span.kind == "CONSUMER":
            assert_links_its_message(recorded, span)


def assert_links_its_message(recorded: Trace, span: RecordedSpan) -> None:
    """It links the spans whose messages it is, its parent among them."""
    known = {(each.trace_id, each.span_id): each for each in recorded.spans}
    linked = [known[link.trace_id, link.span_id] for link in span.links]
    assert {each.kind for each in linked} <= {"PRODUCER"}
    parents = [each for each in recorded.spans if each.span_id == span.parent_id]
    assert linked == parents or span.parent_id is None


@pytest.mark.parametrize(
    "program",
    [
        program
        for program in (*ALL, *SIGNALS, *EXPORTING)
        if program.broker in {"kafka", "confluent"}
    ],
    ids=str,
)
def test_kafka_handles_what_was_sent_before_it_joined(program: Program) -> None:
    """Its clients join a group when the app has started and published already."""
    calls = [
        node
        for node in ast.walk(ast.parse(program.path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "subscriber"
    ]
    assert calls
    for call in calls:
        options = {each.arg: ast.unparse(each.value) for each in call.keywords}
        assert options.get("auto_offset_reset") == "'earliest'", ast.unparse(call)
        # Without one, aiokafka would begin again at each start.
        assert options.get("group_id"), ast.unparse(call)


def test_differences_differ() -> None:
    """A broker is not said to be different where it is not."""
    for (broker, step), expected in DIFFERENT.items():
        assert Program(broker, step) in (*ALL, *OTHERWISE)
        assert expected.split() != EXPECTED[step].split()


def test_first_trace_shows_the_attribute_that_the_handler_set() -> None:
    """`CurrentSpan` in a handler is its process span."""
    for program in ALL:
        if program.step == "first_trace":
            process = program.record().spans[-1]
            assert process.attributes["app.greeting.name"] == "Ada"
            assert process.service == "greeter"


@pytest.mark.parametrize("program", [*ALL, *OTHERWISE, *STAND_INS], ids=str)
def test_picture(program: Program) -> None:
    """Picture, attributes and tree on the page are those of this run, byte for byte."""
    for path, drawn in program.draw().items():
        assert path.read_bytes() == drawn.encode(), (
            f"{path.name} is not that of the program's trace; run scripts/update"
        )


def test_style() -> None:
    """The style that all pictures share is the one that a picture alone brings."""
    assert STYLE_SHEET.read_text() == STYLE, "run scripts/update"


@pytest.mark.parametrize("program", PRINTING, ids=str)
def test_printed(program: Program) -> None:
    """The tree on the page is the one that this run prints."""
    assert program.output.read_text() == program.print(), (
        "the tree is not that of the program's trace; run scripts/update"
    )


@process_per_broker
def test_tests(broker: str) -> None:
    """The tests that a reader copies pass where he runs them."""
    paths = [program.path for program in TESTS if program.broker == broker]
    names = [path.name for path in paths]
    options = ["-pno:cacheprovider", *without_plugins("faststream_otel")]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *names],
        cwd=paths[0].parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert " 8 passed" in ran.stdout


def test_failure() -> None:
    """The difference on the page is the one that a failing test shows."""
    assert FAILURE.read_text() == failure(), "run scripts/update"
