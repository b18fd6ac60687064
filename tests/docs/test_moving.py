"""What the page says of a move from FastStream's own middleware is so."""

from __future__ import annotations

import asyncio
import difflib
from collections import defaultdict
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from faststream_otel.testing import SpanRecorder, in_memory
from guide.moving import (
    ATTRIBUTES,
    METRICS,
    ONLY_REAL,
    OWN,
    alike,
    bounds,
    points,
    recorded,
    spans,
)
from guide.places import BROKERS
from guide.programs import Program
from tests.kinds import Kind, every_kind


@pytest.mark.parametrize("broker", BROKERS)
def test_only_imports_change(broker: str) -> None:
    """The program after the move is the one before, with other imports."""
    before, after = (
        Program(broker, step).path.read_text().splitlines()[1:]
        for step in ("before", "migrated")
    )
    changed = [
        line[1:]
        for line in difflib.unified_diff(before, after, n=0, lineterm="")
        if line[0] in "+-" and line[:3] not in {"+++", "---"}
    ]
    assert len(changed) >= 4
    for line in changed:
        assert not line or line.startswith("from faststream"), line


def test_every_attribute_has_its_new_name() -> None:
    """The table has all attributes that FastStream's own records, and no other."""
    found = {name for _, theirs, _ in spans() for name in theirs.attributes}
    assert found == set(ATTRIBUTES)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_values_are_the_same_or_said_to_differ(name: str) -> None:
    """On all brokers, for the same messages."""
    new, differs = ATTRIBUTES[name]
    values = [
        (theirs.attributes[name], ours.attributes.get(new))
        for _, theirs, ours in spans()
        if theirs.attributes.get(name) is not None
    ]
    assert bool(values) is (name not in ONLY_REAL)
    assert all(ours is not None for _, ours in values) or differs
    assert all(alike(*pair) for pair in values) is not bool(differs)


def test_span_names() -> None:
    """The operation comes first; the default exchange of RabbitMQ is left out."""
    for kind, theirs, ours in spans():
        exchange = "default." if kind.name == "rabbit" else ""
        operation = ours.name.split()[0]
        assert theirs.name == f"{exchange}orders {operation}"
        assert ours.name == f"{operation} orders"


def test_every_metric_has_its_new_name() -> None:
    """The table has all metrics of both."""
    for theirs, ours in recorded():
        assert set(theirs.metrics) == set(METRICS)
        assert set(ours.metrics) == set(METRICS.values())


def test_attributes_of_metrics() -> None:
    """What a query by attributes has to know."""
    for theirs, ours in METRICS.items():
        was, now = points(theirs, ours)
        handles = "process" in theirs
        name = "destination_publish" if handles else "destination"
        assert was - {"error.type"} == {"messaging.system", f"messaging.{name}.name"}
        assert {"messaging.system", "messaging.destination.name"} < now
        assert "messaging.operation.name" in now
    # Counters of FastStream's own do not tell failures.
    assert "error.type" not in points(*list(METRICS.items())[3])[0]
    assert "error.type" in points(*list(METRICS.items())[3])[1]


def test_error_types() -> None:
    """Ours have the module too."""
    found = defaultdict(set)
    for pair in recorded():
        for side, who in zip(pair, ("theirs", "ours"), strict=True):
            metric = side.metrics["messaging.process.duration"]
            for point in metric.data.data_points:
                found[who].add(point.attributes.get("error.type"))
    assert found["theirs"] == {None, "OrderError"}
    assert found["ours"] == {None, "guide.moving.OrderError"}


def test_buckets() -> None:
    """FastStream's own has the SDK's bounds, which are for milliseconds."""
    for theirs, ours in METRICS.items():
        if "duration" in theirs:
            was, now = bounds(theirs, ours)
            assert (was[1], was[-1]) == (5.0, 10000.0)
            assert (now[0], now[-1]) == (0.005, 10.0)


@pytest.mark.parametrize("broker", BROKERS)
def test_both_record_each_message_twice(broker: str) -> None:
    """Nine spans, where four are enough."""
    both, ours = (Program(broker, step).record() for step in ("both", "migrated"))
    assert (len(both.spans), len(ours.spans)) == (9, 4)
    assert len({span.trace_id for span in both.spans}) == 1


@pytest.mark.parametrize("broker", BROKERS)
def test_one_trace_of_two_services(broker: str) -> None:
    """The one that has been moved, and the one that has not."""
    mixed = Program(broker, "mixed").record()
    assert len({span.trace_id for span in mixed.spans}) == 1
    assert [span.service for span in mixed.spans] == [
        *("shop", "billing", "billing", "shop")
    ]
    publish, process = mixed.find("publish orders"), mixed.find("process invoices")
    assert process.parent_id == publish.span_id
    assert [link.span_id for link in process.links] == [publish.span_id]


@every_kind
def test_the_order_of_both(kind: Kind) -> None:
    """With ours first, the message that a handler sends has lost its parent."""
    parents = []
    for order in (slice(None), slice(None, None, -1)):
        recorder = SpanRecorder()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(recorder)
        middlewares = [
            OWN[kind.name.partition("-")[0]](tracer_provider=provider),
            kind.middleware(tracer_provider=provider),
        ]
        broker = kind.broker(middlewares=middlewares[order])

        @kind.subscriber(broker, "orders")
        @kind.publisher(broker, "invoices")
        async def bill(order: str) -> str:
            return order

        @kind.subscriber(broker, "invoices")
        async def send(invoice: str) -> None: ...

        async def main(broker: Any = broker) -> None:
            async with in_memory(broker) as deliveries:
                await kind.publish(broker, "tea", "orders")
                await deliveries.settled()

        asyncio.run(main())
        names = {span.span_id: span.name for span in recorder.trace().spans}
        parent = recorder.trace().find("process invoices").parent_id
        parents.append(names[parent] if parent else None)
    created = "default.orders create" if kind.name == "rabbit" else "orders create"
    assert parents == ["publish invoices", created]
