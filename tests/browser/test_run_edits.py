"""Programs that a reader has changed: their traces, their errors, their end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from guide.places import PROGRAMS
from tests.browser.edits import FIRST, NAME, edited, with_line
from tests.browser.worker import Worker

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("playable")]

CHAIN: Final = (PROGRAMS / "nats" / "chain.py").read_text()


def test_a_renamed_subject(worker: Worker) -> None:
    """The trace has the new name, and the text of it is told in each form."""
    done = edited(worker, lambda text: text.replace('"greetings"', '"hellos"'))
    assert done.kinds[-3:] == ["started", "output", "finished"]
    assert done.printed() == "Hello, Ada!\n"
    assert "publish hellos" in done.result["svg"]
    assert "process hellos" in done.result["table"]
    assert done.result["tree"].splitlines()[1].startswith("└── process hellos")
    resource = json.loads(done.result["otlp"])["resourceSpans"][0]
    spans = resource["scopeSpans"][0]["spans"]
    assert [each["name"] for each in spans] == ["publish hellos", "process hellos"]
    assert spans[1]["parentSpanId"] == spans[0]["spanId"]
    assert [each["kind"] for each in spans] == [4, 5]


def test_a_handler_that_raises(worker: Worker) -> None:
    """The trace is there, and the error as Python shows it, from the reader's line."""
    done = edited(
        worker, lambda text: text.replace("    print(", "    1 / 0\n    print(")
    )
    (error,) = done.result["errors"]
    line = FIRST.splitlines().index('    print(f"Hello, {name}!")') + 1
    assert error["line"] == line
    assert error["traceback"].startswith("Traceback (most recent call last):\n  File ")
    assert f'File "shortest.py", line {line}, in greet\n    1 / 0' in error["traceback"]
    assert error["traceback"].endswith("ZeroDivisionError: division by zero\n")
    assert "ZeroDivisionError" in done.result["tree"]


def test_a_syntax_error(worker: Worker) -> None:
    """Nothing runs, and the line is told."""
    done = edited(worker, lambda text: text.replace("async def greet(", "async def ("))
    assert done.result["type"] == "failed"
    assert done.result["traceback"].splitlines()[0].startswith('  File "shortest.py"')
    assert "SyntaxError" in done.result["traceback"]
    expected = next(
        number
        for number, line in enumerate(FIRST.splitlines(), start=1)
        if "async def greet" in line
    )
    assert done.result["line"] == expected


def test_an_error_at_import(worker: Worker) -> None:
    """The last line of the reader's own is told, not one of a library."""
    done = worker.run(NAME, "import json\n\njson.loads('{')\n")
    assert done.result["type"] == "failed"
    assert done.result["line"] == 3
    assert "JSONDecodeError" in done.result["traceback"]
    assert "runner.py" not in done.result["traceback"]


def test_no_app(worker: Worker) -> None:
    """What is missing is said, and no line of the runner is shown."""
    nothing = "from faststream import FastStream\napp = FastStream()\n"
    for more, which in [("", "The program has no `app`"), (nothing, "has no broker")]:
        done = worker.run("nats/playground.py", f"print('hello')\n{more}")
        assert done.printed() == "hello\n"
        assert done.result["type"] == "finished"
        assert which in done.result["note"]
        assert done.result["note"].endswith("Add `app = FastStream(broker)`.")


def test_no_middleware(worker: Worker) -> None:
    """It runs, as everywhere, and records nothing."""
    done = edited(
        worker, lambda text: text.replace("middlewares=[NatsTelemetryMiddleware()]", "")
    )
    assert done.printed() == "Hello, Ada!\n"
    assert (done.result["type"], done.result["svg"]) == ("finished", "")


@pytest.mark.parametrize(
    ("line", "brief"),
    [
        ("raise ExceptionGroup('two', [OSError('a')])", "ExceptionGroup: two (1 sub-e"),
        ("raise ValueError('one\\ntwo')", "ValueError: one"),
        ("compile('a b', 'c', 'exec')", "SyntaxError: invalid syntax"),
        ("__import__('pydantic').TypeAdapter(int).validate_python('x')", "pydantic_co"),
    ],
)
def test_an_error_in_a_line(worker: Worker, line: str, brief: str) -> None:
    """What it is comes first, and not the last line that Python has of it."""
    (error,) = edited(worker, with_line(line)).result["errors"]
    assert error["brief"].startswith(brief)
    assert "\n" not in error["brief"]


def test_a_thread_that_raises(worker: Worker) -> None:
    """Python prints it, and nothing of what stands in for threads."""
    line = "it = threading.Thread(target=lambda: 1 // 0); it.start(); it.join()"
    printed = edited(worker, with_line(line)).printed("stderr")
    assert printed.startswith("Exception in thread Thread-1")
    assert printed.endswith("ZeroDivisionError: division by zero\n")
    assert "inside" not in printed


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("await asyncio.sleep(3600)", "3600 s"),
        ("time.sleep(2)", "2 s"),
        ("threading.Event().wait(2)", "2 s"),
    ],
)
def test_sleeping_takes_no_time(worker: Worker, line: str, told: str) -> None:
    """It is over at once, and the span says how long it was."""
    done = edited(worker, with_line(line))
    process = done.result["tree"].splitlines()[1]
    assert f" {told}" in process


def test_threads(worker: Worker) -> None:
    """A thread runs when it is waited for, an executor at once."""
    done = edited(
        worker,
        lambda text: (
            "import asyncio, queue, threading\n"
            + text.replace(
                "    print(",
                "    told = queue.Queue()\n"
                "    thread = threading.Thread(target=told.put, args=[name.upper()])\n"
                "    thread.start()\n"
                "    print(told.get())\n"
                "    thread.join()\n"
                "    print(await asyncio.to_thread(name.lower))\n"
                "    print(",
            )
        ),
    )
    assert done.printed() == "ADA\nada\nHello, Ada!\n"


def test_another_broker(worker: Worker) -> None:
    """What a reader's text imports is fetched for it."""
    text = (PROGRAMS / "redis" / "shortest.py").read_text()
    done = worker.run("nats/playground.py", text)
    assert done.printed() == "Hello, Ada!\n"
    assert "Trace of nats/playground.py" in done.result["svg"]


@pytest.mark.parametrize(
    ("line", "length", "lines"),
    [
        ("print('x' * 1_000_000)", 200_000, 0),
        ("print('x\\n' * 1_000_000)", 10_000, 5_000),
        ("for number in range(50_000): print('x')", 10_000, 5_000),
    ],
)
def test_much_output(worker: Worker, line: str, length: int, lines: int) -> None:
    """A page gets no more than a reader reads, in parts that it can show; it ends."""
    done = edited(worker, with_line(line))
    assert len(done.printed()) == length
    assert done.printed().count("\n") == lines
    assert done.printed("stderr") == "\nThe rest of the output is left out.\n"
    assert len(done.said) < 2_100
    assert done.result["svg"]


def test_each_part_is_shown_at_once(worker: Worker) -> None:
    """What was printed before a program blocks is not held back; codes are."""
    done = edited(
        worker, with_line("for each in 'ab': print(f'\\x1b[2J\\x1b[1m{each}')")
    )
    assert [each["text"] for each in done.said if "text" in each][:2] == ["a\n", "b\n"]


def test_nothing_is_left(worker: Worker) -> None:
    """Providers, modules, patches, files and environment are gone with the run."""
    marks = """
import asyncio, json, logging, os, pathlib, sys
import faststream
import faststream_otel._traces.picture as picture
from opentelemetry import baggage, context, propagate, trace
from opentelemetry.sdk.trace import TracerProvider
print([
    getattr(json, "mark", 0), os.environ.get("MARK"), pathlib.Path("mark").exists(),
    pathlib.Path(faststream.__file__).with_name("mark.py").exists(),
    "mark" in sys.modules, logging.getLogger().level,
    isinstance(trace.get_tracer_provider(), TracerProvider),
    baggage.get_baggage("mark"), propagate.get_global_textmap() is None,
    picture.svg is None, asyncio.sleep is None,
])
"""
    spoil = """
json.mark = 1
os.environ["MARK"] = "1"
pathlib.Path("mark").write_text("1")
try:
    pathlib.Path(faststream.__file__).with_name("mark.py").write_text("1")
except OSError:
    print("read-only")
sys.modules["mark"] = sys
logging.basicConfig(level=1)
trace.set_tracer_provider(TracerProvider())
context.attach(baggage.set_baggage("mark", "1"))
propagate._HTTP_TEXT_FORMAT = picture.svg = asyncio.sleep = None
propagate.set_global_textmap(None)
"""
    clean = worker.run(NAME, marks).printed()
    assert worker.run(NAME, marks + spoil + marks).printed().count(clean) == 1
    assert worker.run(NAME, marks).printed() == clean
    assert worker.run(NAME).result["type"] == "finished"


def test_two_runs_are_the_same(worker: Worker, page: Page) -> None:
    """The second, and one in a worker of its own, tell what the first did."""
    results = [worker.run("nats/chain.py", CHAIN).result for _ in range(2)]
    page.goto("/404.html")
    results.append(Worker(page).run("nats/chain.py").result)
    # Each run has a number of its own.
    assert len({each.pop("id") for each in results}) > 1
    assert results[0] == results[1] == results[2]
