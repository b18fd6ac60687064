"""Batches: sent as one, and handled as one."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from faststream import Context, confluent, kafka, nats, redis
from opentelemetry import baggage
from opentelemetry import context as otel_context

from faststream_otel import CurrentBaggage
from faststream_otel.testing import SpanRecorder, in_memory
from guide.scenes.raw import raw
from tests.kinds import KINDS, Kind
from tests.test_propagation import SPAN, TRACE, TRACEPARENT

if TYPE_CHECKING:
    from faststream_otel.testing import RecordedSpan

FASTSTREAM = tuple(map(int, version("faststream").split(".")[:3]))
OF = {kind.name: kind for kind in KINDS}

# Who can send a batch: FastStream's Kafka, Confluent, and lists of Redis.
senders = pytest.mark.parametrize(
    "kind", [OF["kafka"], OF["confluent"], OF["redis-list"]], ids=str
)


def batch_subscriber(kind: Kind, broker: Any) -> Any:
    """Subscribe to batches from `orders`."""
    if kind.name == "nats":
        return broker.subscriber(
            "orders", stream="stream", pull_sub=nats.PullSub(batch=True)
        )
    if kind.name == "redis-list":
        return broker.subscriber(list=redis.ListSub("orders", batch=True))
    if kind.name == "redis-stream":
        return broker.subscriber(stream=redis.StreamSub("orders", batch=True))
    return broker.subscriber("orders", batch=True)


# Who can handle one.
receivers = pytest.mark.parametrize(
    "kind",
    [OF[name] for name in ("kafka", "confluent", "nats", "redis-list", "redis-stream")],
    ids=str,
)


def deliver(
    kind: Kind, broker: Any, bodies: list[bytes], headers: list[dict[str, str]]
) -> None:
    """Let the subscriber of `orders` process a batch."""

    async def main() -> None:
        async with in_memory(broker):
            message = await raw(kind, bodies, headers)
            await handling(broker).process_message(message)

    asyncio.run(main())


def handling(broker: Any) -> Any:
    """The subscriber whose handler is called `handle`."""
    (found,) = [s for s in broker.subscribers if s.calls[0].name == "handle"]
    return found


def other(n: int) -> str:
    """A traceparent with a span of its own."""
    return f"00-{TRACE + n:032x}-{SPAN + n:016x}-01"


def only(recorder: SpanRecorder, name: str) -> RecordedSpan:
    """The one span of this name."""
    (span,) = [span for span in recorder.trace().spans if span.name == name]
    return span


@senders
def test_a_batch_is_one_publish_span(kind: Kind) -> None:
    """With the number of its messages; each of them carries its context."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await broker.publish_batch("a", "b", "c", **{kind.sent_to: "orders"})
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())
    publish = only(recorder, "publish orders")
    assert (publish.kind, publish.attributes["messaging.batch.message_count"]) == (
        "PRODUCER",
        3,
    )
    processed = [s for s in recorder.trace().spans if s.name == "process orders"]
    if kind.name == "redis-list" and FASTSTREAM < (0, 7, 8):
        return  # Its test broker dropped the headers of a batch.
    # Handled one by one, they keep their parent.
    assert [span.parent_id for span in processed] == [publish.span_id] * 3
    assert {span.trace_id for span in processed} == {publish.trace_id}
    assert not any("message_count" in key for s in processed for key in s.attributes)


@senders
def test_a_batch_of_one_is_a_batch(kind: Kind) -> None:
    """The call says so, not the number; a single publish has no number."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    async def main() -> None:
        async with in_memory(broker):
            await broker.publish_batch("a", **{kind.sent_to: "orders"})
            await kind.publish(broker, "a", "orders")

    asyncio.run(main())
    batch, single = [s for s in recorder.trace().spans if s.name == "publish orders"]
    assert batch.attributes["messaging.batch.message_count"] == 1
    assert "messaging.batch.message_count" not in single.attributes


@pytest.mark.parametrize("kind", [OF["kafka"], OF["confluent"]], ids=str)
def test_create_spans(kind: Kind) -> None:
    """Each message has a context of its own; the batch's span links them all."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"create_spans": True})
    received: list[dict[str, Any]] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str, headers: dict = Context("message.headers")) -> None:  # type: ignore[type-arg]
        received.append(headers)

    given = {"tenant": "acme"}

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await broker.publish_batch("a", "b", "c", topic="orders", headers=given)
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())
    recorded = recorder.trace().spans
    created = [span for span in recorded if span.name == "create orders"]
    publish = only(recorder, "publish orders")
    processed = [span for span in recorded if span.name == "process orders"]
    assert {span.kind for span in created} == {"PRODUCER"}
    assert publish.kind == "CLIENT"
    assert publish.attributes["messaging.batch.message_count"] == 3
    ids = [span.span_id for span in created]
    assert len(set(ids)) == 3
    assert [link.span_id for link in publish.links] == ids
    assert [span.parent_id for span in processed] == ids
    assert [headers["tenant"] for headers in received] == ["acme"] * 3
    assert given == {"tenant": "acme"}


def test_no_create_spans_where_messages_share_their_headers() -> None:
    """On Redis the batch's own context is in all of them."""
    kind = OF["redis-list"]
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"create_spans": True})

    async def main() -> None:
        async with in_memory(broker):
            await broker.publish_batch("a", "b", list="orders")

    asyncio.run(main())
    assert only(recorder, "publish orders").kind == "PRODUCER"


@receivers
def test_a_batch_starts_a_trace_and_links_its_messages(kind: Kind) -> None:
    """One link a creation context; those without one have none."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @batch_subscriber(kind, broker)
    async def handle(messages: list[str]) -> None: ...

    deliver(
        kind,
        broker,
        [b"a", b"b", b"c", b"d"],
        [
            {"traceparent": other(1)},
            {"traceparent": other(2)},
            {"traceparent": other(1)},
            {},
        ],
    )
    span = only(recorder, "process orders")
    assert span.parent_id is None
    assert span.trace_id not in {TRACE + 1, TRACE + 2}
    assert span.attributes["messaging.batch.message_count"] == 4
    assert span.attributes["messaging.destination.name"] == "orders"
    first, second = span.links
    assert (first.trace_id, first.span_id) == (TRACE + 1, SPAN + 1)
    # In memory, every record has the same offset.
    equal = {"messaging.kafka.offset": 0} if kind.system == "kafka" else {}
    assert first.attributes == {**equal, "messaging.batch.message_count": 2}
    assert (second.trace_id, second.span_id) == (TRACE + 2, SPAN + 2)


@receivers
def test_a_batch_of_one_has_a_link_and_no_parent(kind: Kind) -> None:
    """What is particular to its message stands on the link."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @batch_subscriber(kind, broker)
    async def handle(messages: list[str]) -> None: ...

    deliver(kind, broker, [b"a"], [{"traceparent": TRACEPARENT}])
    span = only(recorder, "process orders")
    assert span.parent_id is None
    (link,) = span.links
    assert (link.trace_id, link.span_id) == (TRACE, SPAN)
    if kind.system == "kafka":
        assert link.attributes["messaging.kafka.offset"] == 0
        assert "messaging.kafka.offset" not in span.attributes
        assert span.attributes["messaging.destination.partition.id"] == "0"


@receivers
def test_what_a_batch_publishes_belongs_to_it(kind: Kind) -> None:
    """The next hop is the child of the batch's span."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @batch_subscriber(kind, broker)
    @kind.publisher(broker, "next")
    async def handle(messages: list[str]) -> str:
        return "done"

    deliver(kind, broker, [b"a", b"b"], [{"traceparent": other(1)}, {}])
    process = only(recorder, "process orders")
    assert only(recorder, "publish next").parent_id == process.span_id


@receivers
def test_baggage_of_a_batch(kind: Kind) -> None:
    """Merged for what follows, and a message at a time."""
    broker = kind.traced(SpanRecorder())
    seen: list[object] = []

    @batch_subscriber(kind, broker)
    async def handle(messages: list[str], bag: CurrentBaggage) -> None:
        seen.extend([bag.get_all(), bag.get_all_batch(), dict(baggage.get_all())])

    deliver(
        kind,
        broker,
        [b"a", b"b", b"c"],
        [{"baggage": "a=1,b=1"}, {"baggage": "b=2"}, {}],
    )
    merged = {"a": "1", "b": "2"}
    assert seen == [merged, [{"a": "1", "b": "1"}, {"b": "2"}, {}], merged]


@receivers
def test_a_batch_has_no_body_size(kind: Kind) -> None:
    """The conventions have one for single messages."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"record_body_size": True})

    @batch_subscriber(kind, broker)
    async def handle(messages: list[str]) -> None: ...

    deliver(kind, broker, [b"a" * 100, b"b" * 100], [{}, {}])
    span = only(recorder, "process orders")
    assert "messaging.message.body.size" not in span.attributes


@receivers
def test_no_flag_travels_in_baggage(kind: Kind) -> None:
    """A batch leaves the application's baggage alone."""
    broker = kind.traced(SpanRecorder())
    seen: list[object] = []

    @batch_subscriber(kind, broker)
    @kind.publisher(broker, "next")
    async def handle(messages: list[str]) -> str:
        return "done"

    @kind.subscriber(broker, "next")
    async def next_handler(message: str) -> None:
        seen.append(dict(baggage.get_all()))

    async def main() -> None:
        token = otel_context.attach(baggage.set_baggage("tenant", "acme"))
        async with in_memory(broker) as deliveries:
            message = await raw(kind, [b"a", b"b"], [{"baggage": "tenant=acme"}, {}])
            await handling(broker).process_message(message)
            await deliveries.settled()
        otel_context.detach(token)

    asyncio.run(main())
    assert seen == [{"tenant": "acme"}]


def test_a_batch_from_several_topics_names_none() -> None:
    """The name is there if it applies to all messages."""
    kind = OF["kafka"]
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @broker.subscriber("orders", "returns", batch=True)
    async def handle(messages: list[str]) -> None: ...

    async def main() -> None:
        async with in_memory(broker):
            (subscriber,) = broker.subscribers
            await subscriber.process_message(
                [
                    await kafka.testing.build_message(b"x", topic, serializer=None)
                    for topic in ("orders", "returns")
                ]
            )

    asyncio.run(main())
    span = only(recorder, "process")
    assert "messaging.destination.name" not in span.attributes
    # Their partitions have the same number, and are not the same.
    assert "messaging.destination.partition.id" not in span.attributes
    assert span.attributes["messaging.system"] == "kafka"


@pytest.mark.parametrize("kind", [OF["kafka"], OF["confluent"]], ids=str)
def test_the_real_producers_read_headers_as_we_count_on(kind: Kind) -> None:
    """FastStream's own code up to the client, which is the only stand-in."""
    sent: list[list[tuple[str, bytes]]] = []

    class Client:
        """Takes a batch as aiokafka's and Confluent's producers do."""

        def create_batch(self) -> Client:
            return self

        def append(self, *, headers: list[tuple[str, bytes]], **message: Any) -> bool:
            sent.append(headers)
            return True

        async def send_batch(self, *args: Any, **kwargs: Any) -> Any:
            sent_future = asyncio.get_running_loop().create_future()
            sent_future.set_result(None)
            return sent_future

    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"create_spans": True})
    package: Any = {"kafka": kafka, "confluent": confluent}[kind.name]
    module = package.publisher.producer
    implementation = {
        "kafka": "AioKafkaFastProducerImpl",
        "confluent": "AsyncConfluentFastProducerImpl",
    }[kind.name]
    producer = getattr(module, implementation)(None, None)
    producer._producer = SimpleNamespace(producer=Client())
    broker.config.broker_config.producer = producer

    async def main() -> None:
        await broker.publish_batch("a", "b", topic="orders", headers={"tenant": "acme"})

    asyncio.run(main())
    created = [s for s in recorder.trace().spans if s.name == "create orders"]
    for span, headers in zip(created, map(dict, sent), strict=True):
        assert headers["traceparent"].split(b"-")[2] == f"{span.span_id:016x}".encode()
        assert headers["tenant"] == b"acme"
        assert headers["content-type"] == b"text/plain"
