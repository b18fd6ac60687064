"""A handler that adds to its process span, and starts a span inside it."""

from faststream import FastStream
from faststream.mqtt import MQTTBroker
from opentelemetry import trace

from faststream_otel import CurrentSpan
from faststream_otel.mqtt import MQTTTelemetryMiddleware

tracer = trace.get_tracer("shop")
broker = MQTTBroker(middlewares=[MQTTTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders")
async def pack(item: str, span: CurrentSpan) -> None:
    span.set_attribute("app.order.item", item)
    with tracer.start_as_current_span("wrap") as wrapping:
        wrapping.set_attribute("app.paper", "red")
    span.add_event("wrapped")


@app.after_startup
async def order() -> None:
    await broker.publish("tea", "orders")
