"""The reference page of metrics, recorded on every broker."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from opentelemetry.metrics import _internal as api_metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import Histogram, InMemoryMetricReader

from guide.attributes import broker_of, join, labels
from guide.conventions import VERSION
from guide.scenes import SCENES, stage
from guide.scenes.stage import OF

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD: Final = f"""\
---
description: Every metric that the middlewares record, with its unit, buckets and attributes.
---

<!-- Written by scripts/update. To change it, change scripts/guide/metrics.py. -->

# Metrics

The first four metrics are defined by OpenTelemetry's semantic conventions for messaging, version {VERSION}.
This page comes from recordings of each operation, on each broker.
[Metrics](../metrics.md) in the guide explains what they are for.

No attribute of a point identifies a single message.
"""

QUEUE: Final = "faststream.message.queue.duration"
PROCESS: Final = "messaging.process.duration"
LIKE_PROCESS: Final = (
    f"Attributes: the same as those of `{PROCESS}`, without `error.type`.\n"
)


WHEN: Final = {
    "messaging.client.operation.duration": "Recorded when sending, receiving or "
    "settling ends. The duration is the same as that of its span.",
    PROCESS: "Recorded when a message or a batch has been handled, and the handler's "
    "result has been published. The duration is the same as that of its span.",
    "messaging.client.sent.messages": "Counted when sending ends, once per message; "
    "a failure counts too.",
    "messaging.client.consumed.messages": "Counted when messages have been handled or "
    "fetched, once per message.",
    QUEUE: "Recorded when a message is delivered, once per message. Only with "
    "`record_queue_time=True`, on Kafka, RabbitMQ, NATS JetStream and Redis streams, "
    "which say when a message was sent.",
}


@dataclass
class Metric:
    """A metric with all that its points had on any broker."""

    name: str
    unit: str
    description: str
    bounds: tuple[float, ...] = ()
    brokers: set[str] = field(default_factory=set)
    # The operations of the points that have an attribute, by the broker.
    attributes: dict[str, dict[str, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )

    def operations(self) -> set[str]:
        """What was done."""
        by_broker = self.attributes["messaging.operation.name"]
        return set().union(*by_broker.values())


@cache
def recorded() -> dict[str, Metric]:
    """Play every scene on every broker, and give the metrics, by their name."""
    found: dict[str, Metric] = {}
    for name, (scene, kinds) in SCENES.items():
        del name
        for kind in kinds:
            reader = InMemoryMetricReader()
            provider = MeterProvider([reader], shutdown_on_exit=False)
            with (
                mock.patch.object(api_metrics, "_METER_PROVIDER", provider),
                mock.patch.dict(stage.TELEMETRY, record_queue_time=True),
            ):
                asyncio.run(scene(OF[kind]))
            for metric in metrics(reader):
                note(found, metric, broker_of(kind))
    return found


def metrics(reader: InMemoryMetricReader) -> Iterator[Any]:
    """Give what has been recorded."""
    data = reader.get_metrics_data()
    for resource in data.resource_metrics if data else ():
        for scope in resource.scope_metrics:
            yield from scope.metrics


def note(found: dict[str, Metric], metric: Any, broker: str) -> None:
    """Add a metric to those that were found."""
    known = found.setdefault(
        metric.name, Metric(metric.name, metric.unit, metric.description)
    )
    known.brokers.add(broker)
    for point in metric.data.data_points:
        if isinstance(metric.data, Histogram):
            known.bounds = tuple(point.explicit_bounds)
        operation = str(point.attributes["messaging.operation.name"])
        for name in point.attributes:
            known.attributes[name][broker].add(operation)


def page() -> str:
    """Write the page."""
    found = recorded()
    return "\n".join([HEAD, *(entry(found[name]) for name in WHEN)])


def entry(metric: Metric) -> str:
    """Write what a metric is."""
    instrument = "Histogram" if metric.bounds else "Counter"
    lines = [
        f"## {metric.name}\n",
        f"{instrument}, unit `{metric.unit}`. {metric.description}\n",
        f"{WHEN[metric.name]}\n",
        f"Operations: {listed(metric.operations())}.\n",
    ]
    if metric.bounds:
        bounds = ", ".join(f"{bound:g}" for bound in metric.bounds)
        lines.append(f"Bounds of the buckets: {bounds}.\n")
    if metric.name == QUEUE:
        return "\n".join([*lines, LIKE_PROCESS])
    lines += ["| Attribute | On points of |", "|---|---|"]
    everywhere = metric.attributes["messaging.system"]
    for name in sorted(metric.attributes):
        lines.append(f"| `{name}` | {where(metric.attributes[name], everywhere)} |")
    return "\n".join([*lines, ""])


def where(has: dict[str, set[str]], everywhere: dict[str, set[str]]) -> str:
    """Say which operations have an attribute, and on which brokers if that differs."""
    if has == everywhere:
        return "all"
    operations = set().union(*has.values())
    words = (
        "all" if operations == set().union(*everywhere.values()) else listed(operations)
    )
    return words if len(has) == len(everywhere) else f"{words}; {labels(has)}"


def listed(operations: set[str]) -> str:
    """Name operations, in the order of a message's way."""
    order = ("publish", "request", "reply", "receive", "process", "ack", "nack")
    known = [*order, "reject"]
    assert operations <= set(known), operations
    return join(f"`{name}`" for name in known if name in operations)
