"""A service that exports its spans with OTLP over HTTP."""

from faststream import FastStream
from faststream.nats import NatsBroker
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from faststream_otel.nats import NatsTelemetryMiddleware

tracer_provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
tracer_provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(tracer_provider)

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders")
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "orders")
