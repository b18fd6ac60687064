"""Sends what a program records to the test, besides to where the program sends it.

Python imports this at its start where the directory is on `PYTHONPATH`: the program is
the reader's, unchanged, and whatever provider it makes has one more processor.
"""

from __future__ import annotations

import os
from typing import Any

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as OverGrpc,
)
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as OverHttp,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

make = TracerProvider.__init__


def make_and_send(self: TracerProvider, *args: Any, **options: Any) -> None:
    """Make a provider as the program asks for it."""
    make(self, *args, **options)
    grpc = os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] == "grpc"
    self.add_span_processor(BatchSpanProcessor(OverGrpc() if grpc else OverHttp()))


# The class itself is changed: which providers there will be only the program knows.
TracerProvider.__init__ = make_and_send  # type: ignore[method-assign]
