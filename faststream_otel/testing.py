"""Test a service's telemetry: record a broker or app, look at the trace, compare it.

Needs `opentelemetry-sdk`.
"""

from faststream_otel._deliveries import Deliveries, in_memory
from faststream_otel._picture import draw
from faststream_otel._recorder import SpanRecorder
from faststream_otel._recording import (
    RecordedMetric,
    Recording,
    RecordTelemetry,
    record,
)
from faststream_otel._shape import assert_trace
from faststream_otel._trace import RecordedLink, RecordedSpan, Trace
from faststream_otel._tree import render

__all__ = (
    "Deliveries",
    "RecordTelemetry",
    "RecordedLink",
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
