"""What changes with a move from FastStream's own middleware: recorded with both.

The tables of names have each name that FastStream's own records. Which name of ours is
the same thing stands here; whether it has the same value is recorded.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from faststream.confluent.opentelemetry import KafkaTelemetryMiddleware as Confluent
from faststream.kafka.opentelemetry import KafkaTelemetryMiddleware
from faststream.mqtt.opentelemetry import MQTTTelemetryMiddleware
from faststream.nats.opentelemetry import NatsTelemetryMiddleware
from faststream.rabbit.opentelemetry import RabbitTelemetryMiddleware
from faststream.redis.opentelemetry import RedisTelemetryMiddleware
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from guide.kinds import KINDS, Kind
from guide.places import DOCS
from guide.scenes.stage import TAKES_BATCHES, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from faststream_otel.testing import RecordedSpan

TABLES = DOCS / "tables"
_RANDOM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{13}")

OWN: Final[dict[str, Any]] = {
    "kafka": KafkaTelemetryMiddleware,
    "confluent": Confluent,
    "rabbit": RabbitTelemetryMiddleware,
    "nats": NatsTelemetryMiddleware,
    "redis": RedisTelemetryMiddleware,
    "mqtt": MQTTTelemetryMiddleware,
}

# What no server gives in memory.
ONLY_REAL: Final = {"messaging.rabbitmq.message.delivery_tag"}

# An attribute of FastStream's own, ours for it, and how its value differs, if it does.
ATTRIBUTES: Final[dict[str, tuple[str, str]]] = {
    "messaging.system": ("messaging.system", ""),
    "messaging.operation": ("messaging.operation.name", ""),
    "messaging.destination.name": (
        "messaging.destination.name",
        "RabbitMQ: exchange and routing key, not only the exchange",
    ),
    "messaging.destination_publish.name": (
        "messaging.destination.name",
        "RabbitMQ: exchange, routing key, and the queue if its name differs",
    ),
    "messaging.message.id": (
        "messaging.message.id",
        "not on the span of a batch: each message has a different one",
    ),
    "messaging.message.conversation_id": ("messaging.message.conversation_id", ""),
    "messaging.message.payload_size_bytes": (
        "messaging.message.body.size",
        "only with `record_body_size=True`; the body alone, without an envelope",
    ),
    "messaging.batch.message_count": ("messaging.batch.message_count", ""),
    "messaging.kafka.destination.partition": (
        "messaging.destination.partition.id",
        "text, not a number",
    ),
    "messaging.kafka.message.key": (
        "messaging.kafka.message.key",
        "text, not bytes",
    ),
    "messaging.kafka.message.offset": ("messaging.kafka.offset", ""),
    "messaging.rabbitmq.destination.routing_key": (
        "messaging.rabbitmq.destination.routing_key",
        "",
    ),
    "messaging.rabbitmq.message.delivery_tag": (
        "messaging.rabbitmq.message.delivery_tag",
        "",
    ),
}

METRICS: Final[dict[str, str]] = {
    "messaging.publish.duration": "messaging.client.operation.duration",
    "messaging.process.duration": "messaging.process.duration",
    "messaging.publish.messages": "messaging.client.sent.messages",
    "messaging.process.messages": "messaging.client.consumed.messages",
}


class OrderError(Exception):
    """What a handler raises."""


def own(
    broker: str, *, tracer_provider: Any, meter_provider: Any = None, **_: Any
) -> Any:
    """Make FastStream's own middleware, with all that it can record."""
    return OWN[broker](
        tracer_provider=tracer_provider,
        meter_provider=meter_provider,
        include_messages_counters=True,
    )


@dataclass(frozen=True)
class Recorded:
    """What one middleware recorded of one message, or of one batch."""

    kind: Kind
    spans: tuple[RecordedSpan, ...]
    metrics: Mapping[str, Any]

    def span(self, operation: str) -> RecordedSpan | None:
        """The span of sending or of handling, in whichever order it is named."""
        found = [span for span in self.spans if operation in span.name.split()]
        assert len(found) <= 1, f"{len(found)} {operation} spans"
        return found[0] if found else None


def play(kind: Kind, *, batch: bool, fails: bool) -> Recorded:
    """Send one message on a broker in memory, and record what is made of it."""
    reader = InMemoryMetricReader()
    # What is measured is on; what adds spans of its own is off, as by default.
    stage = Stage(kind, meter_provider=MeterProvider([reader]), settle_spans=False)

    @stage.subscriber(batch=batch)
    async def handle(message: Any) -> None:
        if fails:
            raise OrderError(message)

    async def main() -> None:
        async with stage.running():
            await stage.publish("x" * 100)

    asyncio.run(main())
    data: Any = reader.get_metrics_data()
    metrics = {
        metric.name: metric
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    return Recorded(kind, stage.recorder.trace().spans, metrics)


@cache
def recorded() -> tuple[tuple[Recorded, Recorded], ...]:
    """Record the same messages with both, on all brokers: theirs and ours."""
    pairs = []
    for kind in KINDS:
        broker = kind.name.partition("-")[0]

        def middleware(broker: str = broker, **options: Any) -> Any:
            return own(broker, **options)

        theirs = replace(kind, middleware=middleware)
        for batch, fails in ((False, False), (False, True), (True, False)):
            if batch and kind.name not in TAKES_BATCHES:
                continue
            pairs.append(
                (
                    play(theirs, batch=batch, fails=fails),
                    play(kind, batch=batch, fails=fails),
                )
            )
    return tuple(pairs)


def spans() -> Iterator[tuple[Kind, RecordedSpan, RecordedSpan]]:
    """Give their spans with ours for the same."""
    for theirs, ours in recorded():
        for operation in ("publish", "process"):
            was, now = theirs.span(operation), ours.span(operation)
            if was and now:
                yield theirs.kind, was, now


def alike(theirs: object, ours: object) -> bool:
    """Whether two values are equal, but for ids and times of another run."""
    return _RANDOM.sub("", str(theirs)) == _RANDOM.sub("", str(ours)) and (
        type(theirs) is type(ours)
    )


def attributes_table() -> str:
    """Write their names of attributes, with ours."""
    rows = ["| FastStream's own | This package | Value |", "|---|---|---|"]
    for theirs, (ours, differs) in ATTRIBUTES.items():
        same = f"`{ours}`" if ours != theirs else "the same"
        rows.append(f"| `{theirs}` | {same} | {differs or 'the same'} |")
    return "\n".join(rows) + "\n"


def metrics_table() -> str:
    """Write their names of metrics, with ours."""
    rows = ["| FastStream's own | Unit | This package | Unit |", "|---|---|---|---|"]
    for theirs, ours in METRICS.items():
        new = f"`{ours}`" if ours != theirs else "the same"
        was, now = units(theirs, ours)
        rows.append(f"| `{theirs}` | `{was}` | {new} | `{now}` |")
    return "\n".join(rows) + "\n"


def units(theirs: str, ours: str) -> tuple[str, str]:
    """Give the units of two metrics."""
    first = recorded()[0]
    return first[0].metrics[theirs].unit, first[1].metrics[ours].unit


def points(theirs: str, ours: str) -> tuple[set[str], set[str]]:
    """Give all attributes that the points of two metrics have on any broker."""
    found: tuple[set[str], set[str]] = set(), set()
    for pair in recorded():
        for names, side, metric in zip(found, pair, (theirs, ours), strict=True):
            for point in side.metrics[metric].data.data_points:
                names.update(point.attributes)
    return found


def bounds(theirs: str, ours: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Give the bounds of the buckets of two histograms."""
    first = recorded()[0]
    made = [
        tuple(side.metrics[metric].data.data_points[0].explicit_bounds)
        for side, metric in zip(first, (theirs, ours), strict=True)
    ]
    return made[0], made[1]
