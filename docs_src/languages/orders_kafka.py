"""A service in Python: sends an order, and handles the invoice for it."""

from faststream import FastStream
from faststream.kafka import KafkaBroker

from faststream_otel import shutdown

broker = KafkaBroker()
app = FastStream(broker, after_shutdown=[shutdown])


@broker.subscriber("invoices", group_id="orders", auto_offset_reset="earliest")
async def pay(invoice: str) -> None:
    print(invoice)


@app.after_startup
async def order() -> None:
    await broker.publish("a book", "orders")
