"""A service without any telemetry in its code."""

from faststream import FastStream
from faststream.redis import RedisBroker

broker = RedisBroker()
app = FastStream(broker)


@broker.subscriber("orders")
@broker.publisher("invoices")
async def bill(order: str) -> str:
    return f"Invoice for {order}"


@broker.subscriber("invoices")
async def send(invoice: str) -> None:
    print(invoice)
    #> Invoice for a book


@app.after_startup
async def order() -> None:
    await broker.publish("a book", "orders")
