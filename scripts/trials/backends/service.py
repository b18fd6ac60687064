"""A service with all its telemetry, run in a process of its own, and what it sees."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    InMemoryMetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

import faststream_otel
from cost.contenders import BARE, KINDS, Telemetry, log_of_tests
from cost.memory import resident
from trials.backends.dropping import outcomes, processor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

# How long an exporter may take for one request, and stopping for everything.
TIMEOUT: Final = 2.0
GRACE: Final = 3.0
# How often the event loop is asked whether it is still there, in seconds.
_BEAT: Final = 0.005
WARM_UP: Final = 200
# After so many messages the log is emptied.
_ROUND: Final = 100


class Raising(SpanExporter):
    """An exporter that does not keep to its contract."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        raise RuntimeError("this exporter raises")

    def shutdown(self) -> None:
        raise RuntimeError("this exporter raises when it is ended, too")


@dataclass
class _Counting(SpanExporter):
    """Counts what an exporter was given, and what it says that has arrived."""

    exporter: SpanExporter
    given: int = 0
    arrived: int = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.given += len(spans)
        result = self.exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.arrived += len(spans)
        return result

    def shutdown(self) -> None:
        self.exporter.shutdown()


class _Ended(SpanProcessor):
    """Counts the spans that have ended."""

    count = 0

    def on_end(self, span: ReadableSpan) -> None:
        self.count += 1


@dataclass
class _Lines(logging.Handler):
    """Counts the lines of a log, and those that say that telemetry was lost."""

    count: int = 0
    lost: int = 0

    def __post_init__(self) -> None:
        super().__init__(logging.WARNING)

    def __hash__(self) -> int:
        return id(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        text = record.getMessage().lower()
        self.lost += any(word in text for word in _LOSING)


_LOSING: Final = ("drop", "fail", "exception", "lost", "error", "transient")


def serve(
    contender: str,
    endpoint: str,
    protocol: str = "http/protobuf",
    authority: str = "",
    messages: int = 2000,
    pace: float = 1000,
    queue: int = 2048,
    ends_after: int | None = None,
    ends: str = "all",
) -> dict[str, Any]:
    """Publish and handle messages, and stop.

    Args:
        contender: Whose telemetry there is.
        endpoint: Where it goes; "raises" for an exporter that does.
        protocol: How it goes there.
        authority: The file with the certificates that are trusted.
        messages: How many messages.
        pace: How many messages a second.
        queue: For how many spans there is room.
        ends_after: After how many messages providers are shut down under the running
            service.
        ends: Which: those of "spans", of "metrics", or "all".
    """
    lines = _Lines()
    logging.getLogger().addHandler(lines)
    exporters = _exporters(endpoint, protocol, authority)
    spans = _Counting(exporters["spans"])
    ended = _Ended()
    tracer_provider = TracerProvider()
    tracer_provider.add_span_processor(ended)
    processed = InMemoryMetricReader()
    tracer_provider.add_span_processor(processor(spans, queue, processed))
    reader = PeriodicExportingMetricReader(
        exporters["metrics"], export_interval_millis=1000
    )
    meter_provider = MeterProvider([reader])
    logger_provider = LoggerProvider()
    logger_provider.add_log_record_processor(BatchLogRecordProcessor(exporters["logs"]))
    if contender != BARE:
        trace.set_tracer_provider(tracer_provider)
        metrics.set_meter_provider(meter_provider)
        _logs.set_logger_provider(logger_provider)
    log = logging.getLogger("service")
    log.setLevel(logging.INFO)
    log.addHandler(LoggingHandler(logger_provider=logger_provider))
    shut_down: dict[str, Callable[[], Awaitable[object]]] = {
        "all": lambda: faststream_otel.shutdown(GRACE),
        "spans": lambda: asyncio.to_thread(tracer_provider.shutdown),
        "metrics": lambda: asyncio.to_thread(meter_provider.shutdown),
    }
    seen = asyncio.run(_work(contender, messages, pace, ends_after, shut_down[ends]))
    # Sent or not, each span that ended went to the exporter or was dropped before.
    return {
        **seen,
        "lines": lines.count,
        "said": lines.lost,
        "spans": ended.count,
        "given": spans.given,
        "arrived": spans.arrived,
        **outcomes(processed),
    }


def _exporters(endpoint: str, protocol: str, authority: str) -> dict[str, Any]:
    exporters = {}
    package = f"opentelemetry.exporter.otlp.proto.{protocol.partition('/')[0]}"
    for signal, module, name, path in (
        ("spans", "trace_exporter", "OTLPSpanExporter", "traces"),
        ("metrics", "metric_exporter", "OTLPMetricExporter", "metrics"),
        ("logs", "_log_exporter", "OTLPLogExporter", "logs"),
    ):
        make = getattr(import_module(f"{package}.{module}"), name)
        options: dict[str, Any] = {"timeout": TIMEOUT}
        where = endpoint if endpoint != "raises" else "http://127.0.0.1:1"
        if protocol == "grpc":
            options["endpoint"] = where
            options["insecure"] = not authority
            if authority:
                options["credentials"] = _credentials(authority)
        else:
            options["endpoint"] = f"{where}/v1/{path}"
            if authority:
                options["certificate_file"] = authority
        exporters[signal] = make(**options)
    if endpoint == "raises":
        exporters["spans"] = Raising()
    return exporters


def _credentials(authority: str) -> Any:
    import grpc

    return grpc.ssl_channel_credentials(Path(authority).read_bytes())


async def _work(
    contender: str,
    messages: int,
    pace: float,
    ends_after: int | None,
    shut_down: Callable[[], Awaitable[object]],
) -> dict[str, Any]:
    log = logging.getLogger("service")
    handled = 0

    async def handle(message: str) -> None:
        nonlocal handled
        handled += 1
        if handled % 50 == 0:
            log.info("handled %d", handled)

    kind = KINDS["nats"]
    broker = kind.broker(kind.middlewares(contender, Telemetry(), handle))
    broker.subscriber("orders")(handle)
    async with kind.in_memory(broker):
        empty_log = log_of_tests()
        for _ in range(WARM_UP):
            await broker.publish("x", "orders")
        handled, before = 0, 0
        gaps = asyncio.create_task(_largest_gap())
        took = []
        began = time.monotonic()
        for number in range(messages):
            if number == messages * 3 // 4:
                # By now a queue that is not emptied is full.
                before = resident(collected=False)
            if number == ends_after:
                await shut_down()
            due = began + number / pace
            if (left := due - time.monotonic()) > 0:
                await asyncio.sleep(left)
            started = time.perf_counter()
            await broker.publish("x", "orders")
            took.append(time.perf_counter() - started)
            if number % _ROUND == 0:
                empty_log()
            # As between two messages of a client.
            await asyncio.sleep(0)
        gaps.cancel()
        gap = await gaps
        grown = resident(collected=False) - before
    stopping = time.monotonic()
    if contender != BARE:
        await faststream_otel.shutdown(GRACE)
    stopped = time.monotonic()
    hundredths = quantiles(took, n=100)
    return {
        "handled": handled,
        "p50": hundredths[49] * 1e6,
        "p99": hundredths[98] * 1e6,
        "gap": gap * 1e3,
        "grown": grown,
        "lasted": stopped - began,
        "stopped": stopped - stopping,
        "stopping": stopping,
    }


async def _largest_gap() -> float:
    """Give the longest time that the event loop did not come round, in seconds."""
    largest = 0.0
    try:
        while True:
            before = time.monotonic()
            await asyncio.sleep(_BEAT)
            largest = max(largest, time.monotonic() - before - _BEAT)
    except asyncio.CancelledError:
        return largest
