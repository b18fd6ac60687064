"""What only Kafka's server gives: partitions, offsets, tombstones, batches, commits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from faststream import AckPolicy, confluent, kafka

from faststream_otel.testing import RecordedSpan, SpanRecorder
from tests.brokers.clean import clean
from tests.brokers.wire import PATIENCE, connected
from tests.kinds import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER: dict[str, str | int | float | bool] = {"bootstrap.servers": "127.0.0.1:9092"}
PARTITION = "messaging.destination.partition.id"
OFFSET = "messaging.kafka.offset"
KEY = "messaging.kafka.message.key"
TOMBSTONE = "messaging.kafka.message.tombstone"
# What each client raises for a partition that is not there.
REFUSES = {"kafka": AssertionError, "confluent": KafkaException}

pytestmark = [
    pytest.mark.parametrize(
        "kind",
        [
            pytest.param(kind, marks=pytest.mark.broker(kind.name), id=str(kind))
            for kind in KINDS
            if kind.system == "kafka"
        ],
    ),
]


@pytest.fixture
def topic() -> Iterator[str]:
    """A new topic of several partitions; its name is also that of a group."""
    name = f"orders.{uuid4().hex}"
    admin = AdminClient(SERVER)  # A future does not keep it.
    admin.create_topics([NewTopic(name, 3, 1)])[name].result(PATIENCE)
    yield name
    clean("kafka", [name])


def spans(recorder: SpanRecorder, name: str) -> list[RecordedSpan]:
    """The spans of this name."""
    return [span for span in recorder.trace().spans if span.name == name]


def test_a_record_has_its_place(kind: Kind, topic: str) -> None:
    """Both spans say where the server put it, and by which key."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, topic)
    async def handle(message: str) -> None: ...

    async def main() -> None:
        async with connected(broker) as deliveries:
            for _ in range(2):
                await broker.publish("hello", topic, key=b"k", partition=2)
            await broker.publish("hello", topic, key=b"k")
            await deliveries.settled()

    asyncio.run(main())
    published = spans(recorder, f"publish {topic}")
    processed = {span.parent_id: span for span in spans(recorder, f"process {topic}")}
    assert [span.attributes[OFFSET] for span in published[:2]] == [0, 1]
    assert [span.attributes[PARTITION] for span in published[:2]] == ["2", "2"]
    # It was not said where the third is to go: the server's answer tells.
    assert published[2].attributes[PARTITION] in {"0", "1", "2"}
    for span in published:
        for name in (PARTITION, OFFSET, KEY):
            assert processed[span.span_id].attributes[name] == span.attributes[name]
        assert span.attributes[KEY] == "k"
        assert TOMBSTONE not in span.attributes


def test_a_tombstone(kind: Kind, topic: str) -> None:
    """A key without a body is one on both sides; an empty body is none."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, topic)
    async def handle(message: Any) -> None: ...

    async def main() -> None:
        async with connected(broker) as deliveries:
            await broker.publish(None, topic, key=b"gone", partition=0)
            await broker.publish("", topic, key=b"there", partition=0)
            await deliveries.settled()

    asyncio.run(main())
    for name in (f"publish {topic}", f"process {topic}"):
        gone, there = spans(recorder, name)
        assert gone.attributes[KEY] == "gone"
        assert gone.attributes[TOMBSTONE] is True
        assert there.attributes[KEY] == "there"
        assert TOMBSTONE not in there.attributes


def test_a_batch_is_handled_as_one(kind: Kind, topic: str) -> None:
    """What was sent as one is linked, message by message, from where it is handled."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"create_spans": True})
    keyed = {"kafka": kafka, "confluent": confluent}[kind.name].KafkaPublishMessage
    bodies, all_of_them = [], asyncio.Event()

    @kind.subscriber(broker, topic, batch=True)
    async def handle(messages: list[str]) -> None:
        bodies.extend(messages)
        if len(bodies) == 3:
            all_of_them.set()

    async def main() -> None:
        async with broker, asyncio.timeout(PATIENCE):
            await broker.start()
            batch = [keyed(body, key=body.encode()) for body in "abc"]
            await broker.publish_batch(*batch, topic=topic, partition=1)
            await all_of_them.wait()

    asyncio.run(main())
    (publish,) = spans(recorder, f"publish {topic}")
    created = spans(recorder, f"create {topic}")
    processed = spans(recorder, f"process {topic}")
    assert publish.attributes["messaging.batch.message_count"] == 3
    assert [span.attributes[KEY] for span in created] == ["a", "b", "c"]
    # The client decides how many it fetches at once.
    counts = [span.attributes["messaging.batch.message_count"] for span in processed]
    assert sum(map(int, map(str, counts))) == 3
    links = [link for span in processed for link in span.links]
    assert [link.span_id for link in links] == [span.span_id for span in created]
    assert [link.attributes[OFFSET] for link in links] == [0, 1, 2]
    assert all(span.parent_id is None for span in processed)
    assert all(span.attributes[PARTITION] == "1" for span in processed)


def test_a_commit(kind: Kind, topic: str) -> None:
    """The span of an acknowledgement is that of an offset which the server then has."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"settle_spans": True})
    options = {"auto_offset_reset": "earliest", "ack_policy": AckPolicy.ACK}

    @kind.subscriber(broker, topic, group_id=topic, **options)
    async def handle(message: str) -> None: ...

    async def main() -> None:
        async with connected(broker) as deliveries:
            await broker.publish("hello", topic, partition=2)
            await deliveries.settled()

    asyncio.run(main())
    (process,) = spans(recorder, f"process {topic}")
    (ack,) = spans(recorder, f"ack {topic}")
    assert ack.parent_id == process.span_id
    for span in (process, ack):
        assert span.attributes["messaging.consumer.group.name"] == topic
        assert span.attributes[PARTITION] == "2"
        assert span.attributes[OFFSET] == 0
    consumer = Consumer({**SERVER, "group.id": topic})
    (position,) = consumer.committed([TopicPartition(topic, 2)], PATIENCE)
    consumer.close()
    assert position.offset == 1


def test_a_partition_that_is_not_there(kind: Kind, topic: str) -> None:
    """The publish span has the error that the application gets."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    async def main() -> None:
        async with broker:
            await broker.start()
            with pytest.raises(REFUSES[kind.name]) as raised:
                await broker.publish("hello", topic, partition=7)
            (publish,) = spans(recorder, f"publish {topic}")
            error = type(raised.value)
            qualified = f"{error.__module__}.{error.__qualname__}"
            assert publish.status == "ERROR"
            assert publish.attributes["error.type"] == qualified.removeprefix(
                "builtins."
            )

    asyncio.run(main())
