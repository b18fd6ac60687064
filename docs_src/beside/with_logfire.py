"""Logfire shows the spans of this package, and one that Logfire itself starts."""

import asyncio

import logfire
from faststream.nats import NatsBroker

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory

logfire.configure(
    send_to_logfire="if-token-present",
    # Messages bring the context of the service that sent them.
    distributed_tracing=True,
    console=logfire.ConsoleOptions(include_timestamps=False, colors="never"),
)

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])


@broker.subscriber("orders")
async def pack(order: str) -> None:
    with logfire.span("wrap {order}", order=order):
        logfire.info("there is no more paper")


async def main() -> None:
    async with in_memory(broker) as deliveries:
        await broker.start()
        await broker.publish("tea", "orders")
        await deliveries.settled()


asyncio.run(main())
