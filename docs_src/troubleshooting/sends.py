"""Sends one span with OTLP over HTTP, to the address in the environment."""

import logging

from faststream.nats import NatsBroker
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from faststream_otel.nats import NatsTelemetryMiddleware

# Without a handler for logs, you would not see what the exporter logs.
logging.basicConfig(format="%(levelname)s %(message)s")

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware(tracer_provider=provider)])

if __name__ == "__main__":
    with provider.get_tracer("sends").start_as_current_span("a span"):
        print("The span has begun")
