"""What a broker answers to a publish is recorded on its span."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.structs import RecordMetadata, TopicPartition
from confluent_kafka import Message
from faststream import confluent, kafka, nats, redis
from faststream.response import PublishType
from nats.js.api import PubAck

from faststream_otel.testing import RecordedSpan, SpanRecorder, in_memory
from tests.kinds import KINDS

OF = {kind.name: kind for kind in KINDS}
PUBLISH = PublishType.PUBLISH


def kafka_command() -> Any:
    """A record for `orders`."""
    return kafka.response.KafkaPublishCommand(
        "x", topic="orders", _publish_type=PUBLISH
    )


def confluent_command() -> Any:
    """A record for `orders`."""
    return confluent.response.KafkaPublishCommand(
        "x", topic="orders", _publish_type=PUBLISH
    )


def nats_command() -> Any:
    """A message for `orders`, in a stream."""
    return nats.response.NatsPublishCommand(
        "x", subject="orders", stream="s", _publish_type=PUBLISH
    )


def redis_command() -> Any:
    """An entry for `orders`."""
    return redis.response.RedisPublishCommand(
        "x", stream="orders", _publish_type=PUBLISH
    )


METADATA = RecordMetadata(
    "orders", 3, TopicPartition("orders", 3), 17, 1_700_000_000_000, 0, 0
)


def published(name: str, cmd: Any, answer: Any) -> RecordedSpan:
    """Publish `cmd` where the client answers so."""
    recorder = SpanRecorder()
    broker = OF[name].traced(recorder)

    async def call_next(cmd: Any) -> Any:
        return answer

    async def main() -> None:
        async with in_memory(broker):
            scope = broker.middlewares[0](None, context=broker.context)
            assert await scope.publish_scope(call_next, cmd) is answer

    asyncio.run(main())
    (span,) = recorder.trace().spans
    return span


@pytest.mark.parametrize(
    ("name", "command", "answer", "recorded"),
    [
        (
            "kafka",
            kafka_command,
            METADATA,
            {
                "messaging.destination.partition.id": "3",
                "messaging.kafka.offset": 17,
            },
        ),
        (
            "confluent",
            confluent_command,
            Message(topic="orders", partition=3, offset=17),
            {
                "messaging.destination.partition.id": "3",
                "messaging.kafka.offset": 17,
            },
        ),
        ("nats", nats_command, PubAck("s", 17), {"messaging.message.id": "17"}),
        ("redis-stream", redis_command, b"17-0", {"messaging.message.id": "17-0"}),
    ],
    ids=["kafka", "confluent", "nats", "redis"],
)
def test_the_answer_is_recorded(
    name: str, command: Any, answer: Any, recorded: dict[str, Any]
) -> None:
    """What the broker decided stands on the span."""
    assert published(name, command(), answer).attributes.items() >= recorded.items()


@pytest.mark.parametrize(
    ("name", "command", "answer"),
    [
        ("kafka", kafka_command, object()),
        ("confluent", confluent_command, object()),
        ("nats", nats_command, None),
        ("redis-stream", redis_command, 1),
    ],
    ids=["kafka", "confluent", "nats", "redis"],
)
def test_another_answer_tells_nothing(name: str, command: Any, answer: Any) -> None:
    """A future, a count or nothing at all."""
    span = published(name, command(), answer)
    assert "messaging.message.id" not in span.attributes
    assert "messaging.kafka.offset" not in span.attributes


def test_an_inbox_of_another_name_is_temporary() -> None:
    """As the broker was told to call it."""
    recorder = SpanRecorder()
    broker = OF["nats"].traced(recorder, inbox_prefix="answers")

    async def main() -> None:
        async with in_memory(broker):
            await broker.publish("x", "answers.abc")
            await broker.publish("x", "_INBOX.abc")

    asyncio.run(main())
    own, other = recorder.trace().spans
    assert (own.name, own.attributes["messaging.destination.temporary"]) == (
        "publish",
        True,
    )
    assert other.name == "publish _INBOX.abc"
