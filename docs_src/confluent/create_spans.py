"""A batch in which each message has a context of its own."""

from faststream import FastStream
from faststream.confluent import KafkaBroker
from opentelemetry import trace

from faststream_otel.confluent import KafkaTelemetryMiddleware

tracer = trace.get_tracer("shop")
broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware(create_spans=True)])
app = FastStream(broker)


@broker.subscriber("orders", batch=True, group_id="pack", auto_offset_reset="earliest")
async def pack(items: list[str]) -> None: ...


@app.after_startup
async def order() -> None:
    with tracer.start_as_current_span("order"):
        await broker.publish_batch("tea", "cake", topic="orders")
