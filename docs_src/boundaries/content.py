"""Two messages with secrets in them, and what is recorded about them."""

import asyncio

from faststream.nats import NatsBroker
from pydantic import BaseModel

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory, record

broker = NatsBroker(name="shop", middlewares=[NatsTelemetryMiddleware()])


class Order(BaseModel):
    item: str
    amount: int


@broker.subscriber("orders")
async def pack(order: Order) -> None:
    raise LookupError(f"no {order.item} in stock")


async def main() -> None:
    secret = {"api-key": "secret in a header"}
    async with in_memory(broker) as deliveries:
        await broker.start()
        first = {"item": "unicorn", "amount": 1, "note": "secret in the body"}
        await broker.publish(first, "orders", headers=secret, correlation_id="order-7")
        second = {"item": "tea", "amount": "secret in a field of the wrong type"}
        await broker.publish(second, "orders", headers=secret, correlation_id="order-8")
        await deliveries.settled()


with record(broker, reproducible=True) as recording:
    asyncio.run(main())
for span in recording.trace().spans:
    if span.kind == "CONSUMER":
        print(span.name, span.status, span.status_description)
        for name, value in sorted(span.attributes.items()):
            print("   ", name, "=", value)
