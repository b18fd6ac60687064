"""What destinations are called: patterns, exchanges, prefixes, and made-up names."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from faststream import rabbit, redis

from faststream_otel.testing import RecordedSpan, SpanRecorder, in_memory
from tests.kinds import KINDS, Kind, every_kind

OF = {kind.name: kind for kind in KINDS}


async def handle(message: str) -> None:
    """Do nothing."""


def spans(broker: Any, recorder: SpanRecorder, *args: Any, **options: Any) -> Any:
    """Publish, and give publish and process span."""

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await broker.publish("x", *args, **options)
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())
    return recorder.trace().spans


def names(span: RecordedSpan) -> tuple[str, object, object]:
    """Name of the span, of the destination, and its template."""
    return (
        span.name,
        span.attributes.get("messaging.destination.name"),
        span.attributes.get("messaging.destination.template"),
    )


@pytest.mark.parametrize(
    ("pattern", "subject"),
    [
        ("logs.{level}", "logs.debug"),
        ("logs.*", "logs.debug"),
        ("logs.>", "logs.debug.a"),
    ],
)
def test_nats(pattern: str, subject: str) -> None:
    """The subscriber's pattern names the process span."""
    recorder = SpanRecorder()
    broker = OF["nats"].traced(recorder)
    broker.subscriber(pattern)(handle)
    publish, process = spans(broker, recorder, subject)
    assert names(publish) == (f"publish {subject}", subject, None)
    assert names(process) == (f"process {pattern}", subject, pattern)


@pytest.mark.parametrize(
    ("pattern", "topic"),
    [("dev/{name}/t", "dev/a/t"), ("dev/+/t", "dev/a/t"), ("dev/#", "dev/a/t")],
)
def test_mqtt(pattern: str, topic: str) -> None:
    """The subscriber's pattern names the process span."""
    recorder = SpanRecorder()
    broker = OF["mqtt"].traced(recorder)
    broker.subscriber(pattern)(handle)
    publish, process = spans(broker, recorder, topic)
    assert names(publish) == (f"publish {topic}", topic, None)
    assert names(process) == (f"process {pattern}", topic, pattern)


def test_mqtt_shared_subscription() -> None:
    """Its group is the consumer group, and no part of a name."""
    recorder = SpanRecorder()
    broker = OF["mqtt"].traced(recorder)
    broker.subscriber("dev/{name}/t", shared="workers")(handle)
    _, process = spans(broker, recorder, "dev/a/t")
    assert names(process) == ("process dev/{name}/t", "dev/a/t", "dev/{name}/t")
    assert process.attributes["messaging.consumer.group.name"] == "workers"


def test_a_channel_of_redis_that_looks_made_up() -> None:
    """Only an answer goes to a made-up one; what is published has its name."""
    recorder = SpanRecorder()
    broker = OF["redis-channel"].traced(recorder)
    channel = "gMTdTjFg1ubuaqBgGCNvuh"
    (publish,) = spans(broker, recorder, channel=channel)
    assert names(publish) == (f"publish {channel}", channel, None)


def test_redis() -> None:
    """A channel's pattern names the process span."""
    recorder = SpanRecorder()
    broker = OF["redis-channel"].traced(recorder)
    broker.subscriber(redis.PubSub("logs.{level}", pattern=True))(handle)
    _, process = spans(broker, recorder, channel="logs.debug")
    assert names(process) == ("process logs.{level}", "logs.debug", "logs.{level}")


def test_kafka() -> None:
    """A pattern of topics names the process span."""
    kind = OF["kafka"]
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    broker.subscriber(pattern="logs.{level}")(handle)
    _, process = spans(broker, recorder, "logs.debug")
    assert names(process) == ("process logs.{level}", "logs.debug", "logs.{level}")


EXCHANGE = {
    kind: rabbit.RabbitExchange("events", type=kind)
    for kind in (
        rabbit.ExchangeType.DIRECT,
        rabbit.ExchangeType.TOPIC,
        rabbit.ExchangeType.FANOUT,
        rabbit.ExchangeType.HEADERS,
    )
}


@pytest.mark.parametrize(
    ("exchange", "queue", "sent", "published", "processed"),
    [
        (
            None,
            rabbit.RabbitQueue("orders"),
            "orders",
            ("publish orders", "orders", None),
            ("process orders", "orders", None),
        ),
        (
            EXCHANGE[rabbit.ExchangeType.DIRECT],
            rabbit.RabbitQueue("work", routing_key="created"),
            "created",
            ("publish events:created", "events:created", None),
            ("process events:created:work", "events:created:work", None),
        ),
        (
            EXCHANGE[rabbit.ExchangeType.DIRECT],
            rabbit.RabbitQueue("created"),
            "created",
            ("publish events:created", "events:created", None),
            ("process events:created", "events:created", None),
        ),
        (
            EXCHANGE[rabbit.ExchangeType.TOPIC],
            rabbit.RabbitQueue("work", routing_key="logs.*"),
            "logs.debug",
            ("publish events:logs.debug", "events:logs.debug", None),
            (
                "process events:logs.*:work",
                "events:logs.debug:work",
                "events:logs.*:work",
            ),
        ),
        (
            EXCHANGE[rabbit.ExchangeType.FANOUT],
            rabbit.RabbitQueue("work"),
            "any-key",
            ("publish events:any-key", "events:any-key", None),
            ("process events:work", "events:any-key:work", "events:work"),
        ),
        (
            EXCHANGE[rabbit.ExchangeType.HEADERS],
            rabbit.RabbitQueue("work"),
            "",
            ("publish events", "events", None),
            ("process events:work", "events:work", None),
        ),
    ],
    ids=["default", "direct", "same", "topic", "fanout", "headers"],
)
def test_rabbit(
    exchange: Any, queue: Any, sent: str, published: Any, processed: Any
) -> None:
    """As the conventions for RabbitMQ say, for exchanges of every type."""
    recorder = SpanRecorder()
    broker = OF["rabbit"].traced(recorder)
    broker.subscriber(queue, exchange)(handle)
    publish, process = spans(
        broker, recorder, exchange=exchange, routing_key=sent, queue=""
    )
    assert names(publish) == published
    assert names(process) == processed
    for span in (publish, process):
        key = span.attributes.get("messaging.rabbitmq.destination.routing_key")
        assert key == (sent or None)


def test_a_queue_without_a_name_is_anonymous() -> None:
    """What the broker made up is recorded, and names no span."""
    recorder = SpanRecorder()
    broker = OF["rabbit"].traced(recorder)

    async def main() -> None:
        async with in_memory(broker):
            await broker.publish("x", queue="amq.gen-JzTY20BRgKO")

    asyncio.run(main())
    (publish,) = recorder.trace().spans
    assert publish.name == "publish"
    assert publish.attributes["messaging.destination.anonymous"] is True


@every_kind
def test_a_routers_prefix_is_part_of_the_name(kind: Kind) -> None:
    """The name is the broker's, not the router's."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    router = kind.router(prefix="v1-")
    kind.subscriber(router, "orders")(handle)
    broker.include_router(router)

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await kind.publish(broker, "x", "v1-orders")
            await deliveries.settled()

    asyncio.run(main())
    publish, process = recorder.trace().spans
    assert (publish.name, process.name) == ("publish v1-orders", "process v1-orders")
    assert "messaging.destination.template" not in process.attributes


@pytest.mark.parametrize(
    ("kind", "subscriber"),
    [
        (OF["kafka"], {"group_id": "workers"}),
        (OF["confluent"], {"group_id": "workers"}),
        (OF["nats"], {"queue": "workers"}),
        (OF["mqtt"], {"shared": "workers"}),
        (
            OF["redis-stream"],
            {"stream": redis.StreamSub("orders", group="workers", consumer="c")},
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Kind) else ",".join(value),
)
def test_consumer_group(kind: Kind, subscriber: dict[str, Any]) -> None:
    """Whatever the broker calls it; on the consumer's side only."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    if kind.name == "redis-stream":
        broker.subscriber(**subscriber)(handle)
    else:
        broker.subscriber("orders", **subscriber)(handle)

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await kind.publish(broker, "x", "orders")
            await deliveries.settled()

    asyncio.run(main())
    publish, process = recorder.trace().spans
    assert process.attributes["messaging.consumer.group.name"] == "workers"
    assert "messaging.consumer.group.name" not in publish.attributes


@pytest.mark.parametrize("kind", [OF["kafka"], OF["confluent"]], ids=str)
@pytest.mark.parametrize(
    ("key", "recorded"), [(b"k", "k"), (b"\xff\xfe", None), (None, None)]
)
def test_kafka_key(kind: Kind, key: Any, recorded: str | None) -> None:
    """Only one that has a text form."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    broker.subscriber("orders")(handle)
    for span in spans(broker, recorder, "orders", key=key):
        assert span.attributes.get("messaging.kafka.message.key") == recorded


@pytest.mark.parametrize("kind", [OF["kafka"], OF["confluent"]], ids=str)
def test_kafka_attributes(kind: Kind) -> None:
    """Partition, offset, and the tombstone where the body is none."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @broker.subscriber("orders")
    async def any_body(message: Any) -> None: ...

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await broker.publish(None, "orders", key=b"k", partition=3)
            await deliveries.settled()

    asyncio.run(main())
    publish, process = recorder.trace().spans
    for span in (publish, process):
        assert span.attributes["messaging.destination.partition.id"] == "3"
        assert span.attributes["messaging.client.id"] == broker.config.client_id
    assert publish.attributes["messaging.kafka.message.tombstone"] is True
    assert process.attributes["messaging.kafka.offset"] == 0


def test_a_watch_has_no_message_to_trace() -> None:
    """Its handler runs untouched, and what it publishes starts a trace."""
    recorder = SpanRecorder()
    broker = OF["nats"].traced(recorder)

    @broker.subscriber("key", kv_watch="bucket")
    async def watch(value: str) -> None:
        await broker.publish(value, "orders")

    @broker.subscriber("orders")
    async def orders(message: str) -> None: ...

    from nats.js.kv import KeyValue

    entry = KeyValue.Entry(
        bucket="bucket",
        key="key",
        value=b"x",
        revision=1,
        delta=0,
        created=None,
        operation=None,
    )

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            (subscriber,) = [
                s for s in broker.subscribers if s.calls[0].name == "watch"
            ]
            await subscriber.process_message(entry)
            await deliveries.settled()

    asyncio.run(main())
    publish, process = recorder.trace().spans
    assert (publish.name, publish.parent_id) == ("publish orders", None)
    assert process.parent_id == publish.span_id


def test_names_that_users_make_up_do_not_pile_up() -> None:
    """Destinations are remembered, but not without end."""
    from faststream_otel import _messages

    recorder = SpanRecorder()
    broker = OF["nats"].traced(recorder)
    (middleware,) = broker.middlewares

    async def main() -> None:
        async with in_memory(broker):
            for number in range(_messages._MOST_DESTINATIONS + 10):
                await broker.publish("x", f"user.{number}")

    asyncio.run(main())
    assert len(middleware.messages.destinations) <= _messages._MOST_DESTINATIONS
