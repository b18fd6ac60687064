"""A service that records its orders, but not its heartbeats."""

from collections.abc import Sequence

from faststream import FastStream
from faststream.confluent import KafkaBroker
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    ParentBased,
    Sampler,
    SamplingResult,
)
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

from faststream_otel.confluent import KafkaTelemetryMiddleware
from faststream_otel.console import TreeSpanExporter


class Without(Sampler):
    def __init__(self, destination: str) -> None:
        self.destination = destination

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        known = attributes or {}
        dropped = known.get("messaging.destination.name") == self.destination
        sampler = ALWAYS_OFF if dropped else ALWAYS_ON
        return sampler.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )

    def get_description(self) -> str:
        return f"Without({self.destination})"


tracer_provider = TracerProvider(sampler=ParentBased(Without("heartbeats")))
tracer_provider.add_span_processor(SimpleSpanProcessor(TreeSpanExporter()))
trace.set_tracer_provider(tracer_provider)

broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders", group_id="pack", auto_offset_reset="earliest")
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea


@broker.subscriber("heartbeats", group_id="beat", auto_offset_reset="earliest")
@broker.publisher("heard")
async def beat(number: int) -> int:
    return number


@broker.subscriber("heard", group_id="hear", auto_offset_reset="earliest")
async def hear(number: int) -> None:
    print(f"Heard {number}")
    #> Heard 1


@app.after_startup
async def start() -> None:
    await broker.publish("tea", "orders")
    await broker.publish(1, "heartbeats")
