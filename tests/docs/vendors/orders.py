"""An order whose handler fails, for a program that has set up a vendor's package."""

from __future__ import annotations

import asyncio

from faststream.nats import NatsBroker, NatsMessage

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])
received: list[dict[str, str]] = []


@broker.subscriber("orders")
async def pack(order: str, message: NatsMessage) -> None:
    """Find nothing to pack."""
    received.append(dict(message.headers))
    raise LookupError("no tea")


async def main() -> None:
    """Send it, in memory."""
    async with in_memory(broker) as deliveries:
        await broker.start()
        await broker.publish("tea", "orders")
        await deliveries.settled()


def order() -> dict[str, str]:
    """Send it; give the headers that came."""
    asyncio.run(main())
    return received[0]


if __name__ == "__main__":
    order()
