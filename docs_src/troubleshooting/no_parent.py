"""A bridge that passes an order on without its headers."""

import asyncio

from faststream.nats import NatsBroker, NatsMessage

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory, record, render

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])
bridge = NatsBroker()


@bridge.subscriber("orders")
@bridge.publisher("shipments")
async def hand_on(order: str) -> str:
    return order


@broker.subscriber("shipments")
async def ship(order: str, message: NatsMessage) -> None:
    print(f"{order}, traceparent:", message.headers.get("traceparent"))


async def main() -> None:
    async with in_memory(broker, bridge) as deliveries:
        await broker.start()
        await bridge.start()
        await broker.publish("tea", "orders")
        await deliveries.settled()


if __name__ == "__main__":
    with record(broker, reproducible=True, service="shop") as recording:
        asyncio.run(main())
    print(render(recording.trace()))
