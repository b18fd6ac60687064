"""What the page about batches and links says of its programs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from opentelemetry import baggage

from faststream_otel.testing import SpanRecorder, in_memory
from guide.places import BROKERS
from guide.programs import Program
from tests.kinds import Kind, every_kind
from tests.test_propagation import SPAN, TRACE, TRACEPARENT

if TYPE_CHECKING:
    from faststream_otel.testing import RecordedSpan

COUNT = "messaging.batch.message_count"


def linked(span: RecordedSpan) -> list[int]:
    """The spans that this one links."""
    return [link.span_id for link in span.links]


@pytest.mark.parametrize("broker", ["kafka", "confluent", "redis"])
def test_a_batch_that_is_sent_as_one(broker: str) -> None:
    """Two traces, one link, which stands for three messages."""
    publish, process = Program(broker, "batch").record().spans
    assert (publish.kind, publish.parent_id) == ("PRODUCER", None)
    assert (process.kind, process.parent_id) == ("CONSUMER", None)
    assert publish.trace_id != process.trace_id
    assert linked(publish) == []
    assert publish.attributes[COUNT] == process.attributes[COUNT] == 3
    (link,) = process.links
    assert (link.trace_id, link.span_id) == (publish.trace_id, publish.span_id)
    # In memory, every record of Kafka has the same offset.
    equal = {"messaging.kafka.offset": 0} if broker in {"kafka", "confluent"} else {}
    assert link.attributes == {**equal, COUNT: 3}


def test_a_batch_of_one() -> None:
    """JetStream's: a new trace and a link all the same."""
    publish, process = Program("nats", "batch").record().spans
    assert process.parent_id is None
    assert process.trace_id != publish.trace_id
    assert linked(process) == [publish.span_id]
    assert process.attributes[COUNT] == 1
    assert COUNT not in publish.attributes


@pytest.mark.parametrize("broker", ["kafka", "confluent"])
def test_create_spans(broker: str) -> None:
    """Who batches them links them, and so does who handles them."""
    order, first, second, publish, process = (
        Program(broker, "create_spans").record().spans
    )
    assert {first.kind, second.kind} == {"PRODUCER"}
    for created in (first, second):
        assert created.attributes["messaging.operation.type"] == "create"
        assert created.parent_id == order.span_id
    assert publish.kind == "CLIENT"
    assert linked(publish) == linked(process) == [first.span_id, second.span_id]
    # What is particular to a message is on its link.
    offsets = [link.attributes["messaging.kafka.offset"] for link in process.links]
    assert len(offsets) == 2
    assert all(COUNT not in link.attributes for link in process.links)
    assert process.trace_id != order.trace_id


@pytest.mark.parametrize("broker", BROKERS)
def test_link(broker: str) -> None:
    """A new trace, and the way back."""
    publish, process = Program(broker, "incoming_link").record().spans
    assert process.parent_id is None
    assert process.trace_id != publish.trace_id
    assert linked(process) == [publish.span_id]


@every_kind
@pytest.mark.parametrize(
    ("incoming", "parent", "links", "carried"),
    [
        ("continue", SPAN, [SPAN], {"tenant": "acme"}),
        ("link", None, [SPAN], {"tenant": "acme"}),
        ("ignore", None, [], {}),
    ],
)
def test_what_a_context_means(
    kind: Kind,
    incoming: str,
    parent: int | None,
    links: list[int],
    carried: dict[str, str],
) -> None:
    """As the table says; the trace is another one without a parent."""
    recorder = SpanRecorder()
    sender = kind.broker()
    receiver = kind.traced(recorder, telemetry={"incoming": incoming})
    seen: list[object] = []

    @kind.subscriber(receiver, "orders")
    async def handle(item: str) -> None:
        seen.append(dict(baggage.get_all()))

    headers = {"traceparent": TRACEPARENT, "baggage": "tenant=acme"}

    async def main() -> None:
        async with in_memory(sender, receiver):
            await kind.publish(sender, "tea", "orders", headers=headers)

    asyncio.run(main())
    (process,) = recorder.trace().spans
    assert process.parent_id == parent
    assert (process.trace_id == TRACE) == (parent is not None)
    assert linked(process) == links
    assert seen == [carried]


@every_kind
@pytest.mark.parametrize(("incoming", "recorded"), [("continue", 0), ("link", 1)])
def test_who_decides_about_a_trace(kind: Kind, incoming: str, recorded: int) -> None:
    """Whoever sent the message did not sample it, and this service samples all."""
    recorder = SpanRecorder()
    sender = kind.broker()
    receiver = kind.traced(recorder, telemetry={"incoming": incoming})

    @kind.subscriber(receiver, "orders")
    async def handle(item: str) -> None: ...

    headers = {"traceparent": f"{TRACEPARENT[:-2]}00"}

    async def main() -> None:
        async with in_memory(sender, receiver):
            await kind.publish(sender, "tea", "orders", headers=headers)

    asyncio.run(main())
    assert len(recorder.trace().spans) == recorded
