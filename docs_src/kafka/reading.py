"""A shop with a slow warehouse, and two handlers for each invoice."""

import asyncio

from faststream import FastStream
from faststream.kafka import KafkaBroker

from faststream_otel.kafka import KafkaTelemetryMiddleware

shop = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
office = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(shop, office)


@shop.subscriber("orders", group_id="pack", auto_offset_reset="earliest")
@shop.publisher("invoices")
async def pack(order: str) -> str:
    await asyncio.sleep(0.02)
    return f"Invoice for {order}"


@shop.subscriber("invoices", group_id="send", auto_offset_reset="earliest")
async def send(invoice: str) -> None:
    await asyncio.sleep(0.01)
    print(f"Sending: {invoice}")
    #> Sending: Invoice for tea


@office.subscriber("invoices", group_id="archive", auto_offset_reset="earliest")
async def archive(invoice: str) -> None:
    await asyncio.sleep(0.005)
    print(f"Archiving: {invoice}")
    #> Archiving: Invoice for tea


@app.after_startup
async def place_order() -> None:
    await shop.publish("tea", "orders")
