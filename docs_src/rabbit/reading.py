"""A shop with a slow warehouse, and two handlers for each invoice."""

import asyncio

from faststream import FastStream
from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange

from faststream_otel.rabbit import RabbitTelemetryMiddleware

shop = RabbitBroker(middlewares=[RabbitTelemetryMiddleware()])
office = RabbitBroker(middlewares=[RabbitTelemetryMiddleware()])
app = FastStream(shop, office)
invoices = RabbitExchange("invoices", type=ExchangeType.FANOUT)


@shop.subscriber("orders")
@shop.publisher(exchange=invoices)
async def pack(order: str) -> str:
    await asyncio.sleep(0.02)
    return f"Invoice for {order}"


@shop.subscriber("outbox", invoices)
async def send(invoice: str) -> None:
    await asyncio.sleep(0.01)
    print(f"Sending: {invoice}")
    #> Sending: Invoice for tea


@office.subscriber("archive", invoices)
async def archive(invoice: str) -> None:
    await asyncio.sleep(0.005)
    print(f"Archiving: {invoice}")
    #> Archiving: Invoice for tea


@app.after_startup
async def place_order() -> None:
    await shop.publish("tea", "orders")
