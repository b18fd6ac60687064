"""A handler that adds to its process span, and starts a span inside it."""

from faststream import FastStream
from faststream.kafka import KafkaBroker
from opentelemetry import trace

from faststream_otel import CurrentSpan
from faststream_otel.kafka import KafkaTelemetryMiddleware

tracer = trace.get_tracer("shop")
broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders", group_id="pack", auto_offset_reset="earliest")
async def pack(item: str, span: CurrentSpan) -> None:
    span.set_attribute("app.order.item", item)
    with tracer.start_as_current_span("wrap") as wrapping:
        wrapping.set_attribute("app.paper", "red")
    span.add_event("wrapped")


@app.after_startup
async def order() -> None:
    await broker.publish("tea", "orders")
