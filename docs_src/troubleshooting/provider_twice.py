"""Two providers are set, one after the other."""

from faststream.nats import NatsBroker
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from faststream_otel.console import TreeSpanExporter
from faststream_otel.nats import NatsTelemetryMiddleware

first = TracerProvider()
trace.set_tracer_provider(first)

second = TracerProvider()
second.add_span_processor(SimpleSpanProcessor(TreeSpanExporter()))
trace.set_tracer_provider(second)

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])

print("the second one is in use:", trace.get_tracer_provider() is second)
