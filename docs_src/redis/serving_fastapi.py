"""An HTTP service that sends its last telemetry before it stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from faststream.redis import RedisBroker

from faststream_otel import shutdown

broker = RedisBroker()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with broker:
        await broker.start()
        await broker.publish("tea", "orders")
        yield
    await shutdown()


app = FastAPI(lifespan=lifespan)


@broker.subscriber("orders")
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea
