"""The middleware has a provider, but the handler's own spans have none."""

import asyncio

from faststream.nats import NatsBroker
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware(tracer_provider=provider)])

tracer = trace.get_tracer("shop")


@broker.subscriber("orders")
async def pack(order: str) -> None:
    with tracer.start_as_current_span("wrap"):
        print(f"Wrapping {order}")


async def main() -> None:
    async with in_memory(broker) as deliveries:
        await broker.start()
        await broker.publish("tea", "orders")
        await deliveries.settled()


if __name__ == "__main__":
    asyncio.run(main())
    print("spans:", ", ".join(span.name for span in exporter.get_finished_spans()))
