"""A service that exports its spans with OTLP over gRPC."""

from faststream import FastStream
from faststream.mqtt import MQTTBroker
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from faststream_otel.mqtt import MQTTTelemetryMiddleware

tracer_provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
tracer_provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(tracer_provider)

broker = MQTTBroker(middlewares=[MQTTTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders")
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "orders")
