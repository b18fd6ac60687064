"""FastStream's own Prometheus metrics, together with the spans of this package."""

import asyncio

from faststream.nats import NatsBroker
from faststream.nats.prometheus import NatsPrometheusMiddleware
from prometheus_client import CollectorRegistry, generate_latest

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory, record, render

registry = CollectorRegistry()
broker = NatsBroker(
    middlewares=[NatsTelemetryMiddleware(), NatsPrometheusMiddleware(registry=registry)]
)


@broker.subscriber("orders")
async def pack(order: str) -> None: ...


async def main() -> None:
    async with in_memory(broker) as deliveries:
        await broker.start()
        await broker.publish("tea", "orders")
        await deliveries.settled()


with record(broker, reproducible=True, service="shop") as recording:
    asyncio.run(main())
print(render(recording.trace()))
for line in generate_latest(registry).decode().splitlines():
    if line.startswith("faststream_") and "_total{" in line:
        print(line)
