"""Each user has a subject, but all of them share one span name."""

import asyncio

from faststream.nats import NatsBroker

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory, record

telemetry = NatsTelemetryMiddleware(destination_templates=["users.{user}.created"])
broker = NatsBroker(middlewares=[telemetry])


@broker.subscriber("users.{user}.created")
async def welcome(name: str) -> None: ...


async def main() -> None:
    async with in_memory(broker) as deliveries:
        await broker.start()
        for user in range(3):
            await broker.publish("Ada", f"users.{user}.created")
        await deliveries.settled()


with record(broker) as recording:
    asyncio.run(main())
for name in sorted({span.name for span in recording.trace().spans}):
    print(name)
