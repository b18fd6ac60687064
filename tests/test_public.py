"""What users may import."""

from __future__ import annotations

import importlib
import pkgutil

import faststream_otel

PUBLIC = {
    "faststream_otel": {
        "Baggage",
        "CurrentBaggage",
        "CurrentSpan",
        "__version__",
        "shutdown",
    },
    "faststream_otel.confluent": {"KafkaTelemetryMiddleware"},
    "faststream_otel.console": {"TreeSpanExporter"},
    "faststream_otel.doctor": {"Fact", "Finding", "Report", "diagnose"},
    "faststream_otel.instrumentor": {"FastStreamInstrumentor"},
    "faststream_otel.kafka": {"KafkaTelemetryMiddleware"},
    "faststream_otel.mqtt": {"MQTTTelemetryMiddleware"},
    "faststream_otel.nats": {"NatsTelemetryMiddleware"},
    "faststream_otel.rabbit": {"RabbitTelemetryMiddleware"},
    "faststream_otel.redis": {"RedisTelemetryMiddleware"},
    "faststream_otel.testing": {
        "Deliveries",
        "RecordTelemetry",
        "RecordedLink",
        "RecordedLog",
        "RecordedMetric",
        "RecordedSpan",
        "Recording",
        "SpanRecorder",
        "Trace",
        "assert_trace",
        "draw",
        "in_memory",
        "record",
        "render",
    },
}


def test_public_names() -> None:
    """The public modules, and `__all__` in each, are these and no others."""
    modules = {"faststream_otel"} | {
        f"faststream_otel.{module.name}"
        for module in pkgutil.iter_modules(faststream_otel.__path__)
        if not module.name.startswith("_")
    }
    found = {name: set(importlib.import_module(name).__all__) for name in modules}
    assert found == PUBLIC
