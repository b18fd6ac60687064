"""A shop with a slow warehouse, and two handlers for each invoice."""

import asyncio

from faststream import FastStream
from faststream.redis import RedisBroker

from faststream_otel.redis import RedisTelemetryMiddleware

shop = RedisBroker(middlewares=[RedisTelemetryMiddleware()])
office = RedisBroker(middlewares=[RedisTelemetryMiddleware()])
app = FastStream(shop, office)


@shop.subscriber("orders")
@shop.publisher("invoices")
async def pack(order: str) -> str:
    await asyncio.sleep(0.02)
    return f"Invoice for {order}"


@shop.subscriber("invoices")
async def send(invoice: str) -> None:
    await asyncio.sleep(0.01)
    print(f"Sending: {invoice}")
    #> Sending: Invoice for tea


@office.subscriber("invoices")
async def archive(invoice: str) -> None:
    await asyncio.sleep(0.005)
    print(f"Archiving: {invoice}")
    #> Archiving: Invoice for tea


@app.after_startup
async def place_order() -> None:
    await shop.publish("tea", "orders")
