"""A context that is passed by hand through a plain TCP connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faststream import Context, ContextRepo, FastStream
from faststream.confluent import KafkaBroker
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind

from faststream_otel.confluent import KafkaTelemetryMiddleware

tracer = trace.get_tracer("scale")


async def weigh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = json.loads(await reader.readline())
    context = propagate.extract(request["context"])
    with tracer.start_as_current_span("weigh", context, SpanKind.SERVER):
        writer.write(b"100 g\n")
    writer.close()


@asynccontextmanager
async def lifespan(context: ContextRepo) -> AsyncIterator[None]:
    async with await asyncio.start_server(weigh, "127.0.0.1") as scale:
        context.set_global("scale", scale)
        yield


broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker, lifespan=lifespan)


@broker.subscriber("orders", group_id="pack", auto_offset_reset="earliest")
async def pack(item: str, scale: asyncio.Server = Context()) -> None:
    address = scale.sockets[0].getsockname()
    with tracer.start_as_current_span("ask scale", kind=SpanKind.CLIENT):
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        request = json.dumps({"item": item, "context": carrier})
        reader, writer = await asyncio.open_connection(*address)
        writer.write(request.encode() + b"\n")
        print((await reader.readline()).decode().strip())
        #> 100 g
        writer.close()


@app.after_startup
async def order() -> None:
    await broker.publish("tea", "orders")
