"""The service that `stopping` starts with `faststream run`, and stops.

What it does is written down by lines of a file, so that it is known whatever becomes
of its telemetry.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any, Final

from faststream import FastStream
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from cost.contenders import OURS
from faststream_otel import shutdown
from trials.brokers.connecting import OF, URL

# What the scenario says in variables of the environment.
_NAME, _CONTENDER, _PORT, _ENDPOINT, _JOURNAL, _DESTINATION = (
    os.environ[f"TRIAL_{name}"]
    for name in ("KIND", "CONTENDER", "PORT", "ENDPOINT", "JOURNAL", "DESTINATION")
)
# How long a message takes to be handled, and how many at once.
_TAKES: Final = 1.0
_AT_ONCE: Final = 50


def _set_up() -> list[Any]:
    """Set providers up as a service does, and give the middleware."""
    if _CONTENDER != OURS:
        return []
    tracer_provider = TracerProvider()
    tracer_provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(f"{_ENDPOINT}/v1/traces"))
    )
    trace.set_tracer_provider(tracer_provider)
    reader = PeriodicExportingMetricReader(
        OTLPMetricExporter(f"{_ENDPOINT}/v1/metrics")
    )
    metrics.set_meter_provider(MeterProvider([reader]))
    return [_kind.middleware()]


def _note(what: str) -> None:
    """Write a line, in one piece."""
    line = f"{what} {os.getpid()}\n".encode()
    file = os.open(_JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line)
    os.close(file)


async def handle(body: str) -> None:
    """Take a second."""
    _note("began")
    await asyncio.sleep(_TAKES)
    _note("ended")


_kind: Final = OF[_NAME]
_url: Final = URL[_kind.name.partition("-")[0]].format(_PORT)
broker = _kind.broker(_url, middlewares=_set_up())
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "nats": {"queue": "trial", "max_workers": _AT_ONCE},
    "rabbit": {},
    "redis-stream": {"max_workers": _AT_ONCE},
}
_kind.subscriber(broker, _DESTINATION, **_OPTIONS[_kind.name])(handle)
# Without telemetry there is nothing to end, and that is what it is compared with.
app = FastStream(broker, after_shutdown=[shutdown] if _CONTENDER == OURS else [])


@app.after_startup
async def started() -> None:
    """Say that messages can come."""
    _note("ready")
