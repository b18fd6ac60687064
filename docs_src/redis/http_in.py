"""An endpoint that publishes the order it receives, and the message's handler."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from faststream.redis import RedisBroker
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from pydantic import BaseModel

from faststream_otel.console import TreeSpanExporter
from faststream_otel.redis import RedisTelemetryMiddleware

tracer_provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
tracer_provider.add_span_processor(SimpleSpanProcessor(TreeSpanExporter()))

broker = RedisBroker(
    middlewares=[RedisTelemetryMiddleware(tracer_provider=tracer_provider)]
)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with broker:
        await broker.start()
        yield


app = FastAPI(lifespan=lifespan)
FastAPIInstrumentor.instrument_app(
    app, tracer_provider=tracer_provider, exclude_spans=["receive", "send"]
)


class Order(BaseModel):
    item: str


@app.post("/orders", status_code=202)
async def take_order(order: Order) -> None:
    await broker.publish(order, "orders")


@broker.subscriber("orders")
async def pack(order: Order) -> None:
    print(f"Packing {order.item}")
    #> Packing tea
