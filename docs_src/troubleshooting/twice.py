"""One broker with both FastStream's own middleware and that of this package."""

import asyncio

from faststream.nats import NatsBroker
from faststream.nats.opentelemetry import NatsTelemetryMiddleware as FastStreamsOwn
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))

broker = NatsBroker(
    middlewares=[
        NatsTelemetryMiddleware(tracer_provider=provider),
        FastStreamsOwn(tracer_provider=provider),
    ]
)


@broker.subscriber("orders")
async def pack(order: str) -> None: ...


async def main() -> None:
    async with in_memory(broker) as deliveries:
        await broker.start()
        await broker.publish("tea", "orders")
        await deliveries.settled()


if __name__ == "__main__":
    asyncio.run(main())
    for span in exporter.get_finished_spans():
        scope = span.instrumentation_scope
        print(f"{span.name:16} recorded by {scope.name if scope else 'nobody'}")
