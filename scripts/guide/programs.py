"""Runs the guide's programs in memory, and records the traces that they make."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import sys
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from faststream import TestApp
from opentelemetry.sdk.trace import TracerProvider

from faststream_otel.console import show
from faststream_otel.testing import in_memory
from faststream_otel.testing._recording import record_by
from guide.circumstances import Clock, TimedRecorder
from guide.expected import DIFFERENT, EXPECTED
from guide.figures import figure
from guide.fresh import a_new_process
from guide.places import BROKERS, LABELS, PICTURES, PROGRAMS
from guide.steps import PLAYS_ITSELF, STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from faststream_otel.testing import Recording, SpanRecorder, Trace
    from guide.circumstances import Circumstances
    from guide.steps import Step

# The broker whose traces stand in for those of brokers that cannot do a step.
CAN_DO_ALL = "kafka"


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
    def played(self) -> Step:
        """How it is played."""
        return STEPS.get(self.step, PLAYS_ITSELF)

    @property
    def circumstances(self) -> Circumstances:
        """What happens to its messages."""
        return self.played.circumstances

    @property
    def expected(self) -> str:
        """What it is to record, as `assert_trace` reads it."""
        return DIFFERENT.get((self.broker, self.step), EXPECTED[self.step])

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
        self.circumstances.check(await self.perform(module, *others))

    async def perform(self, module: Any, *others: Any) -> list[BaseException]:
        """Play it, and give what its handlers raised, whatever that is."""
        brokers = [*brokers_of(module), *others]
        with self.circumstances.arranged():
            async with in_memory(*brokers) as deliveries, running(module.app):
                if self.played.published:
                    await brokers[0].publish(*self.played.published)
                if self.played.posted:
                    await web().post(module.app, *self.played.posted)
                await deliveries.settled()
        return deliveries.errors

    def record(self) -> Trace:
        """Run the program and give its trace, the same one each time."""
        with a_new_process():
            trace, errors = self.run()
        self.circumstances.check(errors)
        return self.circumstances.seen(trace)

    def run(self) -> tuple[Trace, list[BaseException]]:
        """Run the program in this process as it is; what it records and raises."""
        with self.others() as others:
            module = self.load()
            clock = Clock()
            recorded = self.recorded(module, *others, clock=clock)
            errors: list[BaseException] = []

            async def play() -> None:
                errors.extend(await self.perform(module, *others))

            with self.instrumented(), recorded as recording:
                clock.run(play())
        return recording.trace(), errors

    def draw(self) -> dict[Path, str]:
        """Run the program, and give what its page shows of its trace, by file."""
        if not self.path.exists():
            can = Program(CAN_DO_ALL, self.step)
            title = f"Trace of {can}.py, shown for {LABELS[self.broker]}"
            return figure(can.record(), self.picture, title=title)
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
        if self.played.faststreams_own:
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
        if not self.played.instrumented:
            yield
            return
        # A package of its own, which a browser gets for these programs alone.
        from faststream_otel.instrumentor import (  # noqa: PLC0415
            FastStreamInstrumentor,
        )

        FastStreamInstrumentor().instrument()
        try:
            yield
        finally:
            FastStreamInstrumentor().uninstrument()

    @contextlib.contextmanager
    def others(self) -> Iterator[list[Any]]:
        """Let the program that it calls answer, and give the brokers of that."""
        if not self.played.calls:
            yield []
            return
        other: Any = Program(self.broker, self.played.calls).load()
        with web().answering(other.app):
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


def web() -> ModuleType:
    """What plays HTTP services, whose packages only they need."""
    return importlib.import_module("guide.web")


def running(app: Any) -> Any:
    """Start an app and stop it, as its server does."""
    return web().running(app) if is_web(app) else TestApp(app)


def is_web(app: object) -> bool:
    """Whether it is an app of FastAPI, which knows no broker."""
    return not hasattr(app, "brokers")


def brokers_of(module: Any) -> list[Any]:
    """The brokers of a program."""
    return [module.broker] if is_web(module.app) else list(module.app.brokers)


OF_OTHERS = tuple(step for step, each in STEPS.items() if each.circumstances.of)
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
# Brokers that cannot do a step, and show the trace of one that can.
STAND_INS = tuple(
    program
    for step in EXPECTED
    for broker in BROKERS
    if not (program := Program(broker, step)).path.exists()
)
# The tests that the reader copies.
TESTS = tuple(
    Program(broker, step)
    for step in ("test_orders", "test_details")
    for broker in BROKERS
)

# Those whose page has the trace as it is printed, and not only drawn.
PRINTING = tuple(
    program for program in ALL if program.step in {"first_trace", "zero_code"}
)
