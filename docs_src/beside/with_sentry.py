"""Errors go to Sentry, each with the trace id of its message."""

import asyncio
from typing import Any

import sentry_sdk
from faststream.nats import NatsBroker, NatsMessage
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from sentry_sdk.integrations.otlp import OTLPIntegration

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory


def show(event: Any, _: Any) -> None:
    print("event of trace", event["contexts"]["trace"]["trace_id"] == in_headers[0])
    # Returning None drops the event: here it is only printed.


trace.set_tracer_provider(TracerProvider())
sentry_sdk.init(
    dsn="https://key@localhost/1",
    before_send=show,
    integrations=[
        # Spans go where the provider sends them, and `traceparent` stays the header.
        OTLPIntegration(setup_otlp_traces_exporter=False, setup_propagator=False)
    ],
)

in_headers: list[str] = []
broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])


@broker.subscriber("orders")
async def pack(order: str, message: NatsMessage) -> None:
    in_headers.append(message.headers["traceparent"].split("-")[1])
    sentry_sdk.capture_message(f"no {order} in stock")


async def main() -> None:
    async with in_memory(broker) as deliveries:
        await broker.start()
        await broker.publish("unicorn", "orders")
        await deliveries.settled()


asyncio.run(main())
