"""Two messages: the provider is set after the first one has been handled."""

import asyncio

from faststream import FastStream, TestApp
from faststream.nats import NatsBroker, TestNatsBroker
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from faststream_otel.nats import NatsTelemetryMiddleware

exporter = InMemorySpanExporter()
broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])
service = FastStream(broker)


@broker.subscriber("orders")
async def pack(order: str) -> None:
    print(f"Packing {order}")


@service.after_startup
async def record() -> None:
    await broker.publish("tea", "orders")

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)

    await broker.publish("cake", "orders")


async def main() -> None:
    # Delivers in memory, inside the call that publishes.
    async with TestNatsBroker(broker), TestApp(service):
        pass


if __name__ == "__main__":
    asyncio.run(main())
    print("Messages: 2, process spans:", len(exporter.get_finished_spans()) - 1)
