"""A service without any telemetry in its code."""

from faststream import FastStream
from faststream.confluent import KafkaBroker

broker = KafkaBroker()
app = FastStream(broker)


@broker.subscriber("orders", group_id="bill", auto_offset_reset="earliest")
@broker.publisher("invoices")
async def bill(order: str) -> str:
    return f"Invoice for {order}"


@broker.subscriber("invoices", group_id="send", auto_offset_reset="earliest")
async def send(invoice: str) -> None:
    print(invoice)
    #> Invoice for a book


@app.after_startup
async def order() -> None:
    await broker.publish("a book", "orders")
