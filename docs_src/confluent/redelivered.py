"""A service that fails on a message, and handles it when it is redelivered."""

import asyncio
from itertools import count

from faststream import AckPolicy, FastStream
from faststream.confluent import KafkaBroker

from faststream_otel.confluent import KafkaTelemetryMiddleware

broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker)
attempts = count(1)


@broker.subscriber(
    "returns",
    group_id="packers",
    ack_policy=AckPolicy.NACK_ON_ERROR,
    auto_offset_reset="earliest",
)
async def pack(order: str) -> None:
    await asyncio.sleep(0.01)
    if next(attempts) == 1:
        raise ConnectionError("the warehouse is away")
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "returns")
