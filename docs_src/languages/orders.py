"""A service in Python: sends an order, and handles the invoice for it."""

from faststream import FastStream
from faststream.nats import NatsBroker

from faststream_otel import shutdown

broker = NatsBroker()
app = FastStream(broker, after_shutdown=[shutdown])


@broker.subscriber("invoices")
async def pay(invoice: str) -> None:
    print(invoice)


@app.after_startup
async def order() -> None:
    await broker.publish("a book", "orders")
