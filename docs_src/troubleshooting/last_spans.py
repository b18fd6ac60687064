"""A service under uvicorn, which is stopped as an orchestrator would stop it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faststream import FastStream
from faststream.nats import NatsBroker
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory

provider = TracerProvider()
exporter = ConsoleSpanExporter(formatter=lambda span: f"sent: {span.name}\n")
provider.add_span_processor(BatchSpanProcessor(exporter))
trace.set_tracer_provider(provider)
broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    # Delivers in memory, so that this runs without a broker.
    async with in_memory(broker):
        yield


app = FastStream(broker, lifespan=lifespan, logger=None)
asgi = app.as_asgi()


@broker.subscriber("orders")
async def pack(order: str) -> None:
    print(f"packing {order}", flush=True)


@app.after_startup
async def order() -> None:
    await broker.publish("tea", "orders")
    loop = asyncio.get_running_loop()
    loop.call_later(1, os.kill, os.getpid(), signal.SIGTERM)
