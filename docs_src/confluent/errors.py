"""A service that handles one message, rejects the second, and fails on the third."""

from faststream import FastStream
from faststream.confluent import KafkaBroker
from faststream.exceptions import RejectMessage

from faststream_otel.confluent import KafkaTelemetryMiddleware

broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders", group_id="pack", auto_offset_reset="earliest")
async def pack(order: str) -> None:
    if order == "spam":
        raise RejectMessage
    if order == "unicorn":
        raise LookupError("no unicorn in stock")
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def place_orders() -> None:
    for order in ("tea", "spam", "unicorn"):
        await broker.publish(order, "orders")
