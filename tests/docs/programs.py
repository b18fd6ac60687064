"""Runs the guide's programs in memory, and records the traces that they make.

python -m tests.docs.programs show nats chain
python -m tests.docs.programs update
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import re
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from unittest import mock

import time_machine
from faststream import TestApp
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.util._once import Once

from faststream_otel._recording import record_by
from faststream_otel.console import show
from faststream_otel.instrumentor import FastStreamInstrumentor
from faststream_otel.testing import (
    Recording,
    SpanRecorder,
    Trace,
    assert_trace,
    in_memory,
    record,
    render,
)
from tests.docs import web
from tests.docs.circumstances import (
    AS_THEY_SHOULD_BE,
    CIRCUMSTANCES,
    Circumstances,
    Clock,
    TimedRecorder,
)
from tests.docs.expected import EXPECTED
from tests.docs.figures import STYLE, STYLE_SHEET, figure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "docs_src"
PICTURES = ROOT / "docs" / "traces"
BROKERS = ("kafka", "confluent", "rabbit", "nats", "redis", "mqtt")

# What the reader publishes by hand, as the step's page tells him to. Programs of other
# steps publish themselves.
PUBLISHED: dict[str, tuple[str, str]] = {
    "chain": ("Ada", "first"),
}

# Steps whose programs get the middleware from outside.
INSTRUMENTED = {"zero_code"}

# Steps whose programs have FastStream's own middleware, and providers that they name.
FASTSTREAMS_OWN = {"before", "both", "mixed"}

# Steps whose messages bring the context of somebody who is not in the trace.
OF_STRANGERS = {"untrusted"}


@dataclass(frozen=True)
class Program:
    """One file of `docs_src`."""

    broker: str
    step: str

    @property
    def path(self) -> Path:
        """Where the file is."""
        return PROGRAMS / self.broker / f"{self.circumstances.of or self.step}.py"

    @property
    def circumstances(self) -> Circumstances:
        """What happens to its messages."""
        return CIRCUMSTANCES.get(self.step, AS_THEY_SHOULD_BE)

    @property
    def picture(self) -> Path:
        """Where the picture of its trace is."""
        return PICTURES / self.broker / f"{self.step}.svg"

    @property
    def output(self) -> Path:
        """Where what its exporter prints is, if it has one."""
        return PROGRAMS / self.broker / f"{self.step}.txt"

    def __str__(self) -> str:
        return f"{self.broker}/{self.step}"

    def shown(self) -> list[str]:
        """The lines that it says it prints."""
        return re.findall(r"^ *#> (.*)$", self.path.read_text(), flags=re.MULTILINE)

    async def play(self, module: Any, *others: Any) -> None:
        """Start the program's app, publish what the page says, and let it finish.

        Args:
            module: The program.
            others: Brokers of the other programs that it needs.
        """
        brokers = [*brokers_of(module), *others]
        running: Any = web.running if is_web(module.app) else TestApp
        with self.circumstances.arranged():
            async with in_memory(*brokers) as deliveries, running(module.app):
                if self.step in PUBLISHED:
                    await brokers[0].publish(*PUBLISHED[self.step])
                if self.step in web.POSTED:
                    await web.post(module.app, *web.POSTED[self.step])
                await deliveries.settled()
        self.circumstances.check(deliveries.errors)

    def record(self) -> Trace:
        """Run the program and give its trace, the same one each time."""
        with a_new_process(), self.others() as others:
            module = self.load()
            clock = Clock()
            recorded = self.recorded(module, *others, clock=clock)
            with self.instrumented(), recorded as recording:
                clock.run(self.play(module, *others))
        return self.circumstances.seen(recording.trace())

    def draw(self) -> dict[Path, str]:
        """Run the program, and give what its page shows of its trace, by file."""
        # Under other circumstances it is another trace, and no other file.
        name = str(self) if self.circumstances.of else f"{self}.py"
        return figure(self.record(), self.picture, title=f"Trace of {name}")

    def print(self) -> str:
        """Run the program and give what its exporter prints, 80 columns wide."""
        return show(self.record(), width=80).rstrip() + "\n"

    @contextlib.contextmanager
    def recorded(
        self, module: Any, *others: Any, clock: Clock | None = None
    ) -> Iterator[Recording | SpanRecorder]:
        """Record what the program and others do, the same each time.

        Args:
            module: The program.
            others: Brokers of the other programs that it needs.
            clock: What times the spans have, if not a millisecond a start or end.
        """
        recorder = TimedRecorder(clock or count())
        if self.step in FASTSTREAMS_OWN:
            for provider in vars(module).values():
                if isinstance(provider, TracerProvider):
                    provider.add_span_processor(recorder)
            yield recorder
            return
        brokers = [*brokers_of(module), *others]
        service = self.path.stem
        with record_by(recorder, *brokers, service=service) as recording:
            yield recording

    @contextlib.contextmanager
    def instrumented(self) -> Iterator[None]:
        """Give its brokers what `opentelemetry-instrument` would, if the page does."""
        if self.step not in INSTRUMENTED:
            yield
            return
        FastStreamInstrumentor().instrument()
        try:
            yield
        finally:
            FastStreamInstrumentor().uninstrument()

    @contextlib.contextmanager
    def others(self) -> Iterator[list[Any]]:
        """Let the program that it calls answer, and give the brokers of that."""
        if self.step not in web.CALLED:
            yield []
            return
        other: Any = Program(self.broker, web.CALLED[self.step]).load()
        with web.answering(other.app):
            yield brokers_of(other)

    def load(self) -> ModuleType:
        name = self.path.stem
        spec = importlib.util.spec_from_file_location(name, self.path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module


def is_web(app: object) -> bool:
    """Whether it is an app of FastAPI, which knows no broker."""
    return not hasattr(app, "brokers")


def brokers_of(module: Any) -> list[Any]:
    """The brokers of a program."""
    return [module.broker] if is_web(module.app) else list(module.app.brokers)


OF_OTHERS = tuple(step for step, each in CIRCUMSTANCES.items() if each.of)
# What the steps record is in EXPECTED. A broker that cannot do one has no program.
ALL = tuple(
    program
    for step in EXPECTED
    for broker in BROKERS
    if (program := Program(broker, step)).path.exists() and step not in OF_OTHERS
)
# The same programs, under other circumstances.
OTHERWISE = tuple(
    program
    for step in OF_OTHERS
    for broker in BROKERS
    if (program := Program(broker, step)).path.exists()
)
# The tests that the reader copies.
TESTS = tuple(Program(broker, "test_orders") for broker in BROKERS)

# Those whose page has the trace as it is printed, and not only drawn.
PRINTING = tuple(
    program for program in ALL if program.step in {"first_trace", "zero_code"}
)


@contextlib.contextmanager
def a_new_process() -> Iterator[None]:
    """Let a program find what it would in a process of its own, at a fixed time.

    The API lets the global provider be set once, and has no public way to undo it;
    its own tests reset it in the same way.
    """
    provider, once = trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE
    modules = set(sys.modules)
    trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = None, Once()
    ids = Random(1)  # noqa: S311 - the same each time is what they are for
    generate: dict[str, Any] = {
        "generate_trace_id": lambda self: ids.getrandbits(128),
        "generate_span_id": lambda self: ids.getrandbits(64),
    }
    try:
        with (
            time_machine.travel("2026-01-01T00:00:00Z", tick=False),
            mock.patch.multiple(RandomIdGenerator, **generate),
        ):
            yield
    finally:
        # What it has yet to print is not to appear in the next.
        if isinstance(theirs := trace._TRACER_PROVIDER, TracerProvider):
            theirs.shutdown()
        trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = provider, once
        for name in set(EXPECTED) & (set(sys.modules) - modules):
            del sys.modules[name]


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Drop what a program prints, also through the console exporter's own handle."""
    sys.stdout.flush()
    shown = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
        sys.stdout.flush()
    finally:
        os.dup2(shown, 1)
        os.close(shown)


FAILURE = PROGRAMS / "output" / "assert_trace.diff"


def failure() -> str:
    """What `assert_trace` says of an order that was expected to go through."""
    with a_new_process():
        module: Any = TESTS[0].load()
        del sys.modules[module.__name__]
        with record(module.broker) as recording:
            module.order("unicorn")
    expected = """
        publish orders
          process orders
            publish invoices
              process invoices
    """
    try:
        assert_trace(recording.trace(), expected)
    except AssertionError as error:
        return f"{error}\n"
    raise RuntimeError("it went through")


def main() -> None:
    """Show a program's trace in the terminal, or draw all pictures anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("show", help="print a program's trace as a tree")
    show.add_argument("broker", choices=BROKERS)
    show.add_argument("step", choices=tuple(EXPECTED))
    commands.add_parser("update", help="draw and print the trace of each program")
    arguments = parser.parse_args()

    if arguments.command == "show":
        with silence():
            recorded = Program(arguments.broker, arguments.step).record()
        print(render(recorded))
        return
    for program in (*ALL, *OTHERWISE):
        with silence():
            drawn = program.draw()
        program.picture.parent.mkdir(parents=True, exist_ok=True)
        for path, text in drawn.items():
            path.write_text(text)
        print(f"drew {program.picture.relative_to(ROOT)}")
    STYLE_SHEET.write_text(STYLE)
    for program in PRINTING:
        with silence():
            printed = program.print()
        program.output.write_text(printed)
        print(f"wrote {program.output.relative_to(ROOT)}")
    FAILURE.parent.mkdir(exist_ok=True)
    FAILURE.write_text(failure())
    print(f"wrote {FAILURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
