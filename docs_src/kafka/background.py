"""Spans in a thread, in an executor, and in a task that outlives its handler."""

import asyncio

from faststream import FastStream
from faststream.kafka import KafkaBroker
from opentelemetry import trace

from faststream_otel.kafka import KafkaTelemetryMiddleware

tracer = trace.get_tracer("shop")
broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker)
tasks: set[asyncio.Task[None]] = set()


def work(name: str) -> None:
    with tracer.start_as_current_span(name):
        pass


async def send_mail() -> None:
    await asyncio.sleep(0.1)
    work("in a task")


@broker.subscriber("orders", group_id="pack", auto_offset_reset="earliest")
async def pack(item: str) -> None:
    tasks.add(asyncio.create_task(send_mail()))
    await asyncio.to_thread(work, "in a thread")
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, work, "in an executor")
    print(f"Packed {item}")
    #> Packed tea


@app.after_startup
async def order() -> None:
    await broker.publish("tea", "orders")


@app.on_shutdown
async def finish() -> None:
    await asyncio.gather(*tasks)
