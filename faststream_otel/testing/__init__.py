"""Test the telemetry of a service: record a broker or an app, and compare its trace.

Needs `opentelemetry-sdk`.
"""

from faststream_otel._traces.model import RecordedLink, RecordedSpan, Trace
from faststream_otel._traces.picture import draw
from faststream_otel._traces.recorder import SpanRecorder
from faststream_otel._traces.shape import assert_trace
from faststream_otel._traces.tree import render
from faststream_otel.testing._deliveries import Deliveries, in_memory
from faststream_otel.testing._logs import RecordedLog
from faststream_otel.testing._recording import (
    RecordedMetric,
    Recording,
    RecordTelemetry,
    record,
)

__all__ = (
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
)
