"""A service that fails on a message, and handles it when it is redelivered."""

import asyncio
from itertools import count

from faststream import AckPolicy, FastStream
from faststream.redis import RedisBroker, StreamSub

from faststream_otel.redis import RedisTelemetryMiddleware

broker = RedisBroker(middlewares=[RedisTelemetryMiddleware()])
app = FastStream(broker)
attempts = count(1)


@broker.subscriber(
    stream=StreamSub("returns", group="packers", consumer="first"),
    ack_policy=AckPolicy.NACK_ON_ERROR,
)
@broker.subscriber(
    stream=StreamSub("returns", group="packers", consumer="again", min_idle_time=1000),
    ack_policy=AckPolicy.NACK_ON_ERROR,
)
async def pack(order: str) -> None:
    await asyncio.sleep(0.01)
    if next(attempts) == 1:
        raise ConnectionError("the warehouse is away")
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", stream="returns")
