"""The exporter for a terminal: whole trees, once each, whatever happens."""

from __future__ import annotations

import gc
import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExportResult,
)

from faststream_otel import _faults
from faststream_otel.console import TreeSpanExporter, has_color, show
from faststream_otel.testing import Trace
from tests.traces import CHAIN, span

if TYPE_CHECKING:
    from collections.abc import Callable

LATER = 3600


class Service:
    """A process whose spans are printed to `out`."""

    def __init__(self, *, batch: bool = False, **options: Any) -> None:
        self.out = io.StringIO()
        options = {"width": 80, "wait": LATER, **options}
        self.exporter = TreeSpanExporter(self.out, **options)
        processor = BatchSpanProcessor if batch else SimpleSpanProcessor
        resource = Resource({"service.name": "shop"})
        self.provider = TracerProvider(resource=resource)
        self.provider.add_span_processor(processor(self.exporter))
        self.tracer = self.provider.get_tracer("test")

    def tick(self) -> None:
        """Let the time be over for which the exporter's timer waits."""
        if self.exporter._timer is not None:
            self.exporter._timer.cancel()
        self.exporter._tick()

    def names(self) -> list[list[str]]:
        """The names in each tree that was printed."""
        trees = self.out.getvalue().split("\n\n")
        return [
            [line.lstrip("│├└─ ").split("  ")[0] for line in tree.split("\n")[1:]]
            for tree in trees
            if tree
        ]


def remote(parent: trace.Span) -> Any:
    """The context of a message that `parent` has sent."""
    sent = parent.get_span_context()
    context = trace.SpanContext(
        sent.trace_id, sent.span_id, is_remote=True, trace_flags=sent.trace_flags
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(context))


def until(what: Callable[[], object]) -> None:
    """Wait for it, for five seconds."""
    end = time.monotonic() + 5
    while not what() and time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.parametrize("batch", [False, True])
def test_a_message_and_its_handler_are_one_tree(batch: bool) -> None:
    """Each span is exported alone; the tree is printed when a moment has passed."""
    service = Service(batch=batch, wait=0.05)
    with service.tracer.start_as_current_span("publish") as publish:
        pass
    with (
        service.tracer.start_as_current_span("process", remote(publish)),
        service.tracer.start_as_current_span("select"),
    ):
        pass
    if batch:
        service.provider.force_flush()
    until(service.out.getvalue)
    assert service.names() == [["publish", "process", "select"]]
    heading = service.out.getvalue().partition("\n")[0]
    assert heading == f"trace {publish.get_span_context().trace_id:032x}"
    service.provider.shutdown()
    assert len(service.names()) == 1


def test_children_wait_for_their_root() -> None:
    """A handler that takes its time gets its tree whole, when it has ended."""
    service = Service()
    with service.tracer.start_as_current_span("publish") as publish:
        pass
    with service.tracer.start_as_current_span("process", remote(publish)):
        with service.tracer.start_as_current_span("select"):
            pass
        service.tick()
        assert service.names() == []
        service.tick()
        assert service.names() == [["publish"]]
        service.tick()
        service.tick()
        assert service.names() == [["publish"]]
    service.tick()
    service.tick()
    assert service.names() == [["publish"], ["process", "select"]]
    assert not service.exporter._kept
    service.provider.shutdown()


def test_a_message_from_another_process() -> None:
    """Its handler's span is a root here."""
    elsewhere, service = Service(), Service()
    publish = elsewhere.tracer.start_span("publish")
    service.tracer.start_span("process", remote(publish)).end()
    service.tick()
    service.tick()
    assert service.names() == [["process"]]
    service.provider.shutdown()
    elsewhere.provider.shutdown()


def test_a_child_that_ends_after_its_parent_was_printed() -> None:
    """It is printed as well, alone."""
    service = Service()
    with service.tracer.start_as_current_span("process"):
        late = service.tracer.start_span("late")
    service.tick()
    service.tick()
    late.end()
    service.tick()
    service.tick()
    assert service.names() == [["process"], ["late"]]
    service.provider.shutdown()


def test_traces_are_trees_of_their_own() -> None:
    """Spans of several traces that end in turns are told apart."""
    service = Service()
    one, two = service.tracer.start_span("one"), service.tracer.start_span("two")
    for name, parent in (("a", one), ("b", two), ("c", one)):
        above = trace.set_span_in_context(parent)
        service.tracer.start_span(name, above).end()
    above = trace.set_span_in_context(one)
    long, short = (service.tracer.start_span(name, above) for name in ("d", "e"))
    for each in (short, long, two, one):
        each.end()
    service.exporter.force_flush()
    assert service.names() == [["one", "a", "c", "d", "e"], ["two", "b"]]
    service.provider.shutdown()


@pytest.mark.parametrize("stop", ["force_flush", "shutdown"])
def test_nothing_is_lost_at_the_end(stop: str) -> None:
    """What waits for its root is printed, and nothing is kept."""
    service = Service()
    with service.tracer.start_as_current_span("process"):
        service.tracer.start_span("select").end()
        getattr(service.exporter, stop)()
        assert service.names() == [["select"]]
    assert not service.exporter._kept or stop == "force_flush"
    service.provider.shutdown()


def test_after_shutdown() -> None:
    """Nothing is printed any more, and no timer runs."""
    service = Service()
    service.tracer.start_span("one").end()
    timer = service.exporter._timer
    service.exporter.shutdown()
    assert service.exporter.export([]) is SpanExportResult.FAILURE
    assert timer is not None
    timer.join(5)
    assert not timer.is_alive()
    assert service.names() == [["one"]]


def test_memory_is_bounded() -> None:
    """The oldest trace is printed as it is when there are too many spans."""
    service = Service(max_spans=10)
    roots = [service.tracer.start_span(f"root {number}") for number in range(20)]
    for root in roots:
        above = trace.set_span_in_context(root)
        service.tracer.start_span("child", above).end()
    until(lambda: len(service.names()) == 10)
    assert service.exporter._count == 10
    assert sum(len(kept.spans) for kept in service.exporter._kept.values()) == 10
    assert len(service.exporter._printed) <= 10
    assert service.names() == [["child"]] * 10
    service.provider.shutdown()
    assert service.exporter._count == 0
    assert len(service.exporter._printed) == 10


class Stuck(io.StringIO):
    """A terminal that takes nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = Event()

    def write(self, text: str) -> int:
        self.goes_on.wait(10)
        return super().write(text)


def test_a_terminal_that_is_stuck() -> None:
    """Spans end as ever, memory is bounded, and it says how many were left out."""
    service = Service(max_spans=10)
    service.out = service.exporter._out = stuck = Stuck()
    for number in range(1000):
        service.tracer.start_span(f"root {number}").end()
    exporter = service.exporter
    assert len(exporter._due) + exporter._count <= 30
    assert not exporter.force_flush(10)
    stuck.goes_on.set()
    service.provider.shutdown()
    *trees, said = service.names()
    assert len(set(map(str, trees))) == len(trees)
    left_out = re.findall(r"(\d+) spans were left out", stuck.getvalue())
    assert left_out, said
    printed = stuck.getvalue().count("root")
    assert 10 <= printed < 50
    assert printed + sum(map(int, left_out)) == 1000


@pytest.mark.parametrize("whose", ["chain", "fan"])
def test_a_large_trace_does_not_hold_up_who_ends_a_span(whose: str) -> None:
    """Printing is for another thread, however large the trace is."""
    service = Service(max_spans=20_000, wait=LATER)
    root = service.tracer.start_span("root")
    spans = [root]
    for _ in range(20_000):
        above = trace.set_span_in_context(spans[-1] if whose == "chain" else root)
        spans.append(service.tracer.start_span("span", above))
    longest = 0.0
    # To collect the garbage of all tests is no part of it.
    gc.disable()
    for each in reversed(spans):
        begin = time.thread_time()
        each.end()
        longest = max(longest, time.thread_time() - begin)
    gc.enable()
    assert longest < 0.2, "rendering it takes longer than that"
    service.provider.shutdown()
    assert service.out.getvalue().count("span") >= 20_000


def test_an_application_with_threads() -> None:
    """Each span is printed once."""
    service = Service(wait=0.001)

    def work() -> None:
        for _ in range(50):
            with (
                service.tracer.start_as_current_span("root"),
                service.tracer.start_as_current_span("child"),
            ):
                pass

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    service.provider.shutdown()
    assert service.names() == [["root", "child"]] * 200


@pytest.mark.faults
def test_a_closed_terminal_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """What printing raises stays with us, and is logged once."""
    service = Service()
    service.out.close()
    for name in ("one", "two"):
        service.tracer.start_span(name).end()
        service.exporter.force_flush()
    service.provider.shutdown()
    (told,) = caplog.records
    assert told.getMessage().startswith("Printing a trace failed")
    assert _faults._told


def test_a_terminal_with_few_characters() -> None:
    """What it cannot show is a question mark."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, "ascii")
    exporter = TreeSpanExporter(out, width=80)
    exporter._print([CHAIN])
    assert b"??? process first" in raw.getvalue()


def test_bars_are_to_scale() -> None:
    """From the trace's begin to its end; the shortest is seen too."""
    spans = Trace(
        (
            span(1, "whole", "SERVER", "", 0, 100),
            span(2, "half", "CLIENT", "", 50, 100, parent=1),
            span(3, "quarter", "CLIENT", "", 25, 50, parent=1),
            span(4, "nothing", "CLIENT", "", 50, 50, parent=1),
            span(5, "end", "CLIENT", "", 100, 100, parent=1),
        )
    )
    assert show(spans, width=43).partition("\n")[2] == (
        """\
whole        SERVER    ━━━━━━━━━━━━  100 ms
├── half     CLIENT          ━━━━━━   50 ms
├── quarter  CLIENT       ━━━         25 ms
├── nothing  CLIENT          ╸         0 ms
└── end      CLIENT               ╺    0 ms

"""
    )


@pytest.mark.parametrize(("width", "has_bars"), [(30, False), (70, False), (80, True)])
def test_a_narrow_terminal_has_no_bars(width: int, has_bars: bool) -> None:
    """A row is no wider than the terminal for the sake of its bar."""
    lines = show(CHAIN, width=width).splitlines()
    assert any("━" in line for line in lines) is has_bars
    assert not has_bars or max(map(len, lines)) <= width


def test_colors() -> None:
    """A kind has its own; an error's is red, links and branches are dim."""
    failed = span(
        2,
        "process",
        "CONSUMER",
        "",
        1,
        2,
        parent=1,
        status="ERROR",
        status_description="no",
    )
    shown = show(
        Trace((span(1, "publish", "PRODUCER", "", 0, 1), failed)), width=80, color=True
    )
    assert "\x1b[34mPRODUCER\x1b[0m" in shown
    assert "\x1b[31mCONSUMER\x1b[0m" in shown
    assert "\x1b[31m✗ no\x1b[0m" in shown
    assert "\x1b[2m└── \x1b[0mprocess" in shown
    assert "\x1b" not in show(CHAIN, width=80)


class Terminal(io.StringIO):
    """An output that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "out", "colored"),
    [
        ({}, Terminal(), True),
        ({}, io.StringIO(), False),
        ({"NO_COLOR": "1"}, Terminal(), False),
        ({"NO_COLOR": ""}, Terminal(), True),
        ({"FORCE_COLOR": "1"}, io.StringIO(), True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, Terminal(), False),
        ({"TERM": "dumb"}, Terminal(), False),
    ],
)
def test_where_there_are_colors(
    environment: dict[str, str],
    out: io.StringIO,
    colored: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a terminal, unless the environment says otherwise."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert has_color(out) is colored


def test_without_code() -> None:
    """`opentelemetry-instrument --traces_exporter tree` prints trees."""
    code = (
        "from opentelemetry import trace\n"
        "with trace.get_tracer('test').start_as_current_span('hello'): pass\n"
    )
    ran = subprocess.run(
        [
            "opentelemetry-instrument",
            "--traces_exporter",
            "tree",
            "--metrics_exporter",
            "none",
            "--logs_exporter",
            "none",
            "--service_name",
            "greeter",
            sys.executable,
            "-c",
            code,
        ],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.defpath}"},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    heading, line = ran.stdout.strip().splitlines()
    assert heading.startswith("trace ")
    assert line.startswith("hello  INTERNAL  greeter  ━━━")
