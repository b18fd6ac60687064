"""Runs one program in the reader's browser, and tells what it recorded, as JSON."""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import json
import linecache
import runpy
import sys
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from inside import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

machine.install()

from faststream.exceptions import HandlerException  # noqa: E402

import guide.programs  # noqa: E402
import guide.signals  # noqa: E402 - what it imports is to find the machine's parts
from faststream_otel._traces.picture import svg  # noqa: E402
from faststream_otel.testing import SpanRecorder, Trace, render  # noqa: E402
from faststream_otel.testing._recording import record_by  # noqa: E402
from guide.figures import tables  # noqa: E402
from guide.fresh import MOMENT  # noqa: E402 - the worker asks for it
from guide.places import BROKERS, PROGRAMS  # noqa: E402
from guide.programs import Program  # noqa: E402
from inside.errors import LackError, lacked, told  # noqa: E402
from inside.otlp import otlp  # noqa: E402

__all__ = ("MOMENT", "prepare", "run")

# Those whose pages show no trace, and that have providers of their own.
SIGNALS: Final = ("metrics", "logs", "exporting")
TESTS: Final = ("test_",)
# What most programs import, or what their first span does.
USUAL: Final = (
    "anyio._backends._asyncio",
    "faststream_otel.console",
    "opentelemetry.sdk.metrics",
)
# More than a picture shows, and a reader reads.
MOST_SPANS: Final = 500


def prepare(modules: list[str]) -> None:
    """Import what programs will: no run is to wait for it again."""
    importlib.invalidate_caches()
    for name in (*USUAL, *modules):
        importlib.import_module(name)
    gc.collect()


def run(name: str) -> str:
    """Run the program of this name, whose file is in `docs_src` by now."""
    broker, _, file = name.partition("/")
    program = Program(broker, file.removesuffix(".py"))
    if program.circumstances.of:
        # Its file is that of another step.
        (PROGRAMS / name).rename(program.path)
    linecache.checkcache()
    try:
        with machine.no_loop(), at_most(MOST_SPANS):
            return json.dumps(finished(program))
    except BaseException as error:
        if note := lacked(error, program):
            return json.dumps({**drawn(Trace(()), program), "note": note})
        return json.dumps({"type": "failed", **told(error, program)})
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


@contextlib.contextmanager
def at_most(spans: int) -> Iterator[None]:
    """Let the program end when it has begun more spans than that."""
    begun = itertools.count(1)
    on_start = SpanRecorder.on_start

    def counted(*args: Any, **options: Any) -> None:
        if next(begun) > spans:
            machine.stopped.append(
                f"The program has begun {spans} spans, and goes on: it was stopped."
            )
        on_start(*args, **options)

    with mock.patch.object(SpanRecorder, "on_start", counted):
        yield


def finished(program: Program) -> dict[str, Any]:
    """Play a program as its page says, and draw its trace."""
    if program.broker not in BROKERS:
        # Those that are for all brokers print what they have to show.
        with guide.signals.a_process():
            runpy.run_path(str(program.path), run_name="__main__")
        return {"type": "finished", "svg": None, "errors": []}
    trace, errors = played(program)
    trace = program.circumstances.seen(trace)
    return {
        **drawn(trace, program),
        # A decision is raised too, and with a server nobody sees it.
        "errors": [
            told(error, program)
            for error in errors
            if not isinstance(error, HandlerException)
        ],
    }


def drawn(trace: Trace, program: Program) -> dict[str, Any]:
    """What is shown of a trace, if anything was recorded."""
    name = str(program) if program.circumstances.of else f"{program}.py"
    title = f"Trace of {name}"
    parts: dict[str, Callable[[], str]] = {
        "svg": lambda: svg(trace, title=title, alone=False),
        "table": lambda: tables(trace, title),
        "tree": lambda: f"{render(trace)}\n",
        "otlp": lambda: otlp(trace),
    }
    made = {part: make() if trace.spans else "" for part, make in parts.items()}
    return {"type": "finished", **made, "errors": []}


def tested(program: Program) -> tuple[Trace, list[BaseException]]:
    """Run the tests that a program is; pytest prints what comes out."""
    pytest = importlib.import_module("pytest")
    without = ("cacheprovider", "faulthandler")
    options = ("--capture=sys", "--color=no", "--tb=short", "--rootdir=/guide")
    code = pytest.main(
        [*options, *(f"-pno:{plugin}" for plugin in without), str(program.path)]
    )
    if code > pytest.ExitCode.TESTS_FAILED:
        raise RuntimeError(f"pytest could not run them: {code!r}")
    return Trace(()), []


def played(program: Program) -> tuple[Trace, list[BaseException]]:
    """Play it: what it records, and what its handlers raise."""
    if program.step.startswith(TESTS):
        return tested(program)
    if program.step.startswith(SIGNALS):
        with guide.signals.a_process():
            return guide.signals.play(program)
    with (
        guide.signals.a_process(),
        mock.patch.object(guide.programs, "record_by", recorded),
        # What the program prints of its spans has the times that the picture has.
        mock.patch.object(machine, "ticks", itertools.count()),
    ):
        return program.run()


@contextlib.contextmanager
def recorded(recorder: SpanRecorder, *brokers: Any, **options: Any) -> Iterator[Any]:
    """Record what a program does; one without a middleware runs all the same.

    Raises:
        LackError: No broker would be started.
    """
    if not brokers:
        raise LackError("brokers")
    recording: Any = recorder
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ValueError):
            recording = stack.enter_context(record_by(recorder, *brokers, **options))
        yield recording
