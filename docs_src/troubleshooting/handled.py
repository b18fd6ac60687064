"""Prints a handler's span, and the provider that created it."""

import asyncio

from faststream.nats import NatsBroker
from opentelemetry import trace

from faststream_otel import CurrentSpan
from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])


@broker.subscriber("orders")
async def pack(order: str, span: CurrentSpan) -> None:
    print("order:    ", order)
    provider = type(trace.get_tracer_provider())
    print("provider: ", f"{provider.__module__}.{provider.__name__}")
    print("trace id: ", "yes" if span.get_span_context().is_valid else "none")
    print("recording:", span.is_recording())


async def main() -> None:
    # Delivers in memory, so that this runs without a broker.
    async with in_memory(broker) as deliveries:
        await broker.start()
        await broker.publish("tea", "orders")
        await deliveries.settled()


if __name__ == "__main__":
    asyncio.run(main())
