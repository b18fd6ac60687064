"""A service with both middlewares: each message is recorded twice."""

from faststream import FastStream
from faststream.mqtt import MQTTBroker
from faststream.mqtt.opentelemetry import MQTTTelemetryMiddleware as FastStreamsOwn
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from faststream_otel.console import TreeSpanExporter
from faststream_otel.mqtt import MQTTTelemetryMiddleware

tracer_provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
tracer_provider.add_span_processor(SimpleSpanProcessor(TreeSpanExporter()))

broker = MQTTBroker(
    middlewares=[
        FastStreamsOwn(tracer_provider=tracer_provider),
        MQTTTelemetryMiddleware(tracer_provider=tracer_provider),
    ]
)
app = FastStream(broker)


@broker.subscriber("orders")
@broker.publisher("invoices")
async def bill(order: str) -> str:
    return f"Invoice for {order}"


@broker.subscriber("invoices")
async def send(invoice: str) -> None:
    print(invoice)
    #> Invoice for tea


@app.after_startup
async def order() -> None:
    await broker.publish("tea", "orders")
