"""A service that records when its messages are acknowledged."""

from faststream import AckPolicy, FastStream
from faststream.redis import RedisBroker, StreamSub

from faststream_otel.redis import RedisTelemetryMiddleware

broker = RedisBroker(middlewares=[RedisTelemetryMiddleware(settle_spans=True)])
app = FastStream(broker)


@broker.subscriber(
    stream=StreamSub("shipments", group="packers", consumer="one"),
    ack_policy=AckPolicy.ACK,
)
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", stream="shipments")
