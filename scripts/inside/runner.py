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
import traceback
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from inside import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

machine.install()

from faststream.exceptions import HandlerException  # noqa: E402

import guide.signals  # noqa: E402 - what it imports is to find the machine's parts
from faststream_otel._traces.picture import svg  # noqa: E402
from faststream_otel.testing import SpanRecorder, Trace, render  # noqa: E402
from guide.figures import tables  # noqa: E402
from guide.fresh import MOMENT  # noqa: E402 - the worker asks for it
from guide.places import BROKERS, PROGRAMS  # noqa: E402
from guide.programs import Program  # noqa: E402
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
# What a program without one of these names is told.
LACKS: Final = {
    "app": "The program has no `app`, so nothing was started. "
    "Add `app = FastStream(broker)`.\n",
    "broker": "The program has no `broker`, so nothing was started. "
    "FastAPI's `app` needs one beside it.\n",
}
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
    name = str(program) if program.circumstances.of else f"{program}.py"
    title = f"Trace of {name}"
    drawn: dict[str, Callable[[], str]] = {
        "svg": lambda: svg(trace, title=title, alone=False),
        "table": lambda: tables(trace, title),
        "tree": lambda: f"{render(trace)}\n",
        "otlp": lambda: otlp(trace),
    }
    return {
        "type": "finished",
        **{part: make() if trace.spans else "" for part, make in drawn.items()},
        # A decision is raised too, and with a server nobody sees it.
        "errors": [
            told(error, program)
            for error in errors
            if not isinstance(error, HandlerException)
        ],
    }


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
    with guide.signals.a_process():
        return program.run()


def told(error: BaseException, program: Program) -> dict[str, Any]:
    """What Python says of an error, from the program's own lines on."""
    path = str(program.path)
    own = error.__traceback__
    while own and own.tb_frame.f_code.co_filename != path:
        own = own.tb_next
    if isinstance(error, machine.EndlessError):
        text = f"{error}\n"
    elif own or isinstance(error, SyntaxError):
        shown = traceback.TracebackException(type(error), error, own)
        text = "".join(shown.format()).replace(path, program.path.name)
    elif (
        isinstance(error, AttributeError)
        and error.name in LACKS
        and getattr(error.obj, "__name__", "") == program.path.stem
    ):
        text = LACKS[error.name]
    else:
        # None of its lines has to do with it, but what it lacks.
        text = "".join(traceback.format_exception_only(error))
    return {"traceback": text, "line": line(error, own, path)}


def line(error: BaseException, own: TracebackType | None, path: str) -> int | None:
    """The line of the program where it went wrong, the innermost one."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    found = None
    while own:
        if own.tb_frame.f_code.co_filename == path:
            found = own.tb_lineno
        own = own.tb_next
    return found
