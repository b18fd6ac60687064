"""A service that records when its messages are acknowledged."""

from faststream import AckPolicy, FastStream
from faststream.confluent import KafkaBroker

from faststream_otel.confluent import KafkaTelemetryMiddleware

broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware(settle_spans=True)])
app = FastStream(broker)


@broker.subscriber(
    "shipments",
    group_id="packers",
    ack_policy=AckPolicy.ACK,
    auto_offset_reset="earliest",
)
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "shipments")
