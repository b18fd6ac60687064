"""A service that fails on a message, and handles it when it is redelivered."""

import asyncio
from itertools import count

from faststream import AckPolicy, FastStream
from faststream.rabbit import RabbitBroker

from faststream_otel.rabbit import RabbitTelemetryMiddleware

broker = RabbitBroker(middlewares=[RabbitTelemetryMiddleware()])
app = FastStream(broker)
attempts = count(1)


@broker.subscriber("returns", ack_policy=AckPolicy.NACK_ON_ERROR)
async def pack(order: str) -> None:
    await asyncio.sleep(0.01)
    if next(attempts) == 1:
        raise ConnectionError("the warehouse is away")
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "returns")
