"""Runs the guide's programs about metrics and logs; their pages show no trace.

python -m guide.signals update
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import logging
import logging.config
import re
import sys
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any
from unittest import mock

from faststream import TestApp
from faststream._internal.logger.logger_proxy import RealLoggerObject
from opentelemetry import trace
from opentelemetry.metrics import _internal as api_metrics
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.util._once import Once

from faststream_otel.testing import SpanRecorder, Trace, in_memory
from guide.fresh import a_new_process
from guide.places import BROKERS, PROGRAMS, ROOT
from guide.programs import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

METRICS = tuple(Program(broker, "metrics") for broker in BROKERS)
LOGS = tuple(
    Program(broker, step)
    for step in ("logs", "logs_instrumented", "logs_json", "logs_structlog")
    for broker in BROKERS
)
SIGNALS = (*METRICS, *LOGS)

# Steps that log the fields of FastStream's own lines, which are others on each broker.
WITH_FIELDS = {"logs_json", "logs_structlog"}

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Run:
    """What a program did."""

    trace: Trace
    logged: str


def output(program: Program) -> Path:
    """Where the lines are that a program logs: without fields they are the same."""
    lines = PROGRAMS / "output" / "logs.txt"
    return program.output if program.step in WITH_FIELDS else lines


def run(program: Program) -> Run:
    """Run a program as its page says, with the same ids each time."""
    with a_process(), contextlib.redirect_stderr(io.StringIO()) as stderr:
        recorded, errors = play(program)
    for error in errors:
        raise error
    return Run(recorded, with_counted_ids(stderr.getvalue()))


def play(program: Program) -> tuple[Trace, list[BaseException]]:
    """Run a program in this process as it is; what it records and raises."""
    recorder = SpanRecorder()
    module = program.load()
    del sys.modules[module.__name__]
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider(shutdown_on_exit=False)
        trace.set_tracer_provider(provider)
    provider.add_span_processor(recorder)
    errors = asyncio.run(perform(module))
    return recorder.trace(), errors


async def perform(module: Any) -> list[BaseException]:
    """Start the program's app, and let it finish; it publishes itself."""
    async with in_memory(*module.app.brokers) as deliveries:
        for broker in module.app.brokers:
            # FastStream's test broker silences the broker's logger.
            state = broker.config.logger
            logger = state.params_storage.get_logger(context=broker.context)
            state.logger = RealLoggerObject(logger)
        async with TestApp(module.app):
            await deliveries.settled()
    return deliveries.errors


@contextlib.contextmanager
def a_process() -> Iterator[None]:
    """Let a program find what it would in a process of its own, also besides spans."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    factory, configure = logging.getLogRecordFactory(), logging.basicConfig
    configs = logging.config.dictConfig, logging.config.fileConfig
    root.handlers = []
    meters: dict[str, Any] = {
        "_METER_PROVIDER": None,
        "_METER_PROVIDER_SET_ONCE": Once(),
        "_PROXY_METER_PROVIDER": api_metrics._ProxyMeterProvider(),
    }
    try:
        with a_new_process(), mock.patch.multiple(api_metrics, **meters):
            yield
    finally:
        if loaded := sys.modules.get("opentelemetry.instrumentation.logging"):
            instrumentor = loaded.LoggingInstrumentor()
            if instrumentor.is_instrumented_by_opentelemetry:
                instrumentor.uninstrument()
        # The instrumentation wraps these, and leaves them so.
        logging.basicConfig = configure
        logging.config.dictConfig, logging.config.fileConfig = configs
        logging.setLogRecordFactory(factory)
        if loaded := sys.modules.get("structlog"):
            loaded.reset_defaults()
        root.handlers = handlers
        root.setLevel(level)


def with_counted_ids(text: str) -> str:
    """Give `text` with the same UUIDs each time."""
    numbers = count(1)
    counted: dict[str, str] = {}

    def replaced(found: re.Match[str]) -> str:
        if found[0] not in counted:
            counted[found[0]] = f"{next(numbers):08x}-0000-4000-8000-000000000000"
        return counted[found[0]]

    return _UUID.sub(replaced, text)


def main() -> None:
    """Write the lines that each program logs."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update", help="write what the programs log")
    parser.parse_args()
    for path, program in {output(program): program for program in LOGS}.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(run(program).logged)
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
