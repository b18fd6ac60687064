"""A service that handles one message, rejects the second, and fails on the third."""

from faststream import FastStream
from faststream.exceptions import RejectMessage
from faststream.redis import RedisBroker

from faststream_otel.redis import RedisTelemetryMiddleware

broker = RedisBroker(middlewares=[RedisTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders")
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
