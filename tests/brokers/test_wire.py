"""What only a server shows: replies, fetched messages, acknowledgement, its loss."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from faststream import AckPolicy, mqtt, rabbit, redis
from opentelemetry import context as otel_context
from opentelemetry import trace

from faststream_otel.testing import RecordedSpan, SpanRecorder
from tests.brokers.test_semantics import REAL, wire
from tests.brokers.wire import PATIENCE, connected
from tests.kinds import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ("wire",)

OF = {kind.name: kind for kind in KINDS}
# Redis is asked over a channel here: it answers on one, whatever it was asked over.
# FastStream's Kafka brokers take requests in its tests only.
NOT_ASKED = {"redis-list", "redis-stream", "kafka", "confluent"}
ASKING = [param for param in REAL if str(param.values[0]) not in NOT_ASKED]

pytestmark = pytest.mark.usefixtures("wire")


def tree(recorder: SpanRecorder) -> list[str]:
    """Names and kinds of the spans, indented by their depth."""
    return [
        f"{'  ' * depth}{span.name} {span.kind}"
        for depth, span in recorder.trace().walk()
    ]


def named(recorder: SpanRecorder, name: str) -> RecordedSpan:
    """The one span of this name."""
    (span,) = [span for span in recorder.trace().spans if span.name == name]
    return span


def run(awaitable: Awaitable[None]) -> None:
    """Run to the end, or give up."""

    async def main() -> None:
        async with asyncio.timeout(2 * PATIENCE):
            await awaitable

    asyncio.run(main())


@pytest.mark.parametrize("kind", ASKING, ids=str)
def test_request_and_reply(kind: Kind) -> None:
    """The reply is below the handler; its made-up destination is in no name."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> str:
        return message.upper()

    async def main() -> None:
        async with connected(broker) as deliveries:
            before = otel_context.get_current()
            answer = await kind.request(broker, "hello", "orders", timeout=5)
            assert await answer.decode() == "HELLO"
            assert otel_context.get_current() == before
            await deliveries.settled()

    run(main())
    recorded = tree(recorder)
    assert recorded[:3] == [
        "request orders PRODUCER",
        "  process orders CONSUMER",
        "    reply PRODUCER",
    ]
    assert recorded[3] == "receive CLIENT"
    receive, reply = named(recorder, "receive"), named(recorder, "reply")
    assert [link.span_id for link in receive.links] == [reply.span_id]
    for span in (receive, reply):
        assert span.attributes["messaging.destination.temporary"] is True


@pytest.mark.parametrize("kind", ASKING, ids=str)
def test_a_request_that_nobody_answers_in_time(kind: Kind) -> None:
    """It fails; its handler goes on, and replies to nobody, without an error."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    late = asyncio.Event()

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> str:
        await late.wait()
        return message

    async def main() -> None:
        async with connected(broker) as deliveries:
            with pytest.raises(TimeoutError):
                await kind.request(broker, "hello", "orders", timeout=1)
            late.set()
            await deliveries.settled()

    run(main())
    assert tree(recorder)[1:] == ["  process orders CONSUMER", "    reply PRODUCER"]
    request, process, reply = recorder.trace().spans
    assert request.status == "ERROR"
    assert str(request.attributes["error.type"]).endswith("TimeoutError")
    assert (process.status, reply.status) == ("UNSET", "UNSET")


@pytest.mark.parametrize("kind", REAL, ids=str)
def test_get_one(kind: Kind) -> None:
    """A receive span that links the publish span, and is nobody's parent."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    async def main() -> None:
        async with connected(broker):
            subscriber: Any
            if kind.name == "redis-stream":
                subscriber = broker.subscriber(
                    stream=redis.StreamSub("orders", last_id="0")
                )
            else:
                subscriber = kind.subscriber(broker, "orders")
            await subscriber.start()
            waiting = asyncio.create_task(subscriber.get_one(timeout=PATIENCE))
            if kind.name in {"nats", "redis-channel", "mqtt"}:
                # These keep nothing for a subscriber that has yet to subscribe.
                await asyncio.sleep(0.3)
            await kind.publish(broker, "hello", "orders")
            message = await waiting
            assert message is not None
            assert await message.decode() == "hello"
            await subscriber.stop()

    run(main())
    publish, receive = (
        named(recorder, "publish orders"),
        named(recorder, "receive orders"),
    )
    assert receive.kind == "CLIENT"
    assert receive.parent_id is None
    assert [link.span_id for link in receive.links] == [publish.span_id]


@pytest.mark.parametrize("kind", REAL, ids=str)
def test_a_broker_that_is_gone(kind: Kind) -> None:
    """The publish span has the error that the application gets."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    raised: list[BaseException] = []

    async def main() -> None:
        async with broker:
            await broker.start()
        try:
            async with asyncio.timeout(3):
                await kind.publish(broker, "hello", "orders")
        except BaseException as error:
            raised.append(error)

    run(main())
    publish = named(recorder, "publish orders")
    if not raised:
        assert publish.status == "UNSET"  # Its client connects anew by itself.
        return
    assert publish.status == "ERROR"
    kinds = {f"{type(error).__module__}.{type(error).__qualname__}" for error in raised}
    assert {str(publish.attributes["error.type"])} & {
        *(name.removeprefix("builtins.") for name in kinds),
        "asyncio.exceptions.CancelledError",
    }


@pytest.mark.broker("rabbit")
def test_rabbit_delivery_tag_and_settlement() -> None:
    """The tag is the server's, on the process and on the settle span."""
    recorder = SpanRecorder()
    broker = OF["rabbit"].traced(recorder, telemetry={"settle_spans": True})

    @broker.subscriber("orders")
    async def handle(message: str) -> None: ...

    async def main() -> None:
        async with connected(broker) as deliveries:
            await broker.publish("hello", "orders")
            await deliveries.settled()

    run(main())
    process, ack = named(recorder, "process orders"), named(recorder, "ack orders")
    assert process.attributes["messaging.rabbitmq.message.delivery_tag"] == 1
    assert ack.attributes["messaging.rabbitmq.message.delivery_tag"] == 1
    assert ack.parent_id == process.span_id


@pytest.mark.broker("redis")
def test_the_id_of_a_streams_entry() -> None:
    """Publisher and handler call the message by the same name: Redis's."""
    recorder = SpanRecorder()
    broker = OF["redis-stream"].traced(recorder)

    @broker.subscriber(stream="orders")
    async def handle(message: str) -> None: ...

    async def main() -> None:
        async with connected(broker) as deliveries:
            await broker.publish("hello", stream="orders")
            await deliveries.settled()

    run(main())
    publish, process = (
        named(recorder, f"{operation} orders") for operation in ("publish", "process")
    )
    entry = str(publish.attributes["messaging.message.id"])
    assert entry.endswith("-0")
    assert process.attributes["messaging.message.id"] == entry


@pytest.mark.broker("mqtt")
def test_mqtt_shared_subscription_and_acknowledgement() -> None:
    """The group is the consumer group; QoS 1 is acknowledged."""
    recorder = SpanRecorder()
    broker = OF["mqtt"].traced(recorder, telemetry={"settle_spans": True})

    @broker.subscriber(
        "dev/{name}/t",
        shared="workers",
        qos=mqtt.QoS.AT_LEAST_ONCE,
        ack_policy=AckPolicy.ACK,
    )
    async def handle(message: str) -> None: ...

    async def main() -> None:
        async with connected(broker) as deliveries:
            deliveries.sent("$share/workers/dev/+/t", 1)
            await broker.publish("hello", "dev/a/t", qos=mqtt.QoS.AT_LEAST_ONCE)
            await deliveries.settled()

    run(main())
    process = named(recorder, "process dev/{name}/t")
    assert process.attributes["messaging.consumer.group.name"] == "workers"
    assert named(recorder, "ack dev/{name}/t").parent_id == process.span_id


@pytest.mark.broker("rabbit")
def test_rabbit_topic_exchange() -> None:
    """The binding names the process span, the routing key is an attribute."""
    recorder = SpanRecorder()
    broker = OF["rabbit"].traced(recorder)
    exchange = rabbit.RabbitExchange("guide", type=rabbit.ExchangeType.TOPIC)
    queue = rabbit.RabbitQueue("next", routing_key="logs.{level}")

    @broker.subscriber(queue, exchange)
    async def handle(message: str) -> None: ...

    async def main() -> None:
        async with connected(broker) as deliveries:
            deliveries.sent("next", 1)
            await broker.publish(
                "hello", exchange=exchange, routing_key="logs.debug", queue=""
            )
            await deliveries.settled()

    run(main())
    process = named(recorder, "process guide:logs.{level}:next")
    assert process.attributes["messaging.destination.name"] == "guide:logs.debug:next"


@pytest.mark.parametrize("kind", REAL, ids=str)
def test_a_shutdown_with_a_message_in_flight(kind: Kind) -> None:
    """The handler ends, or is cancelled; its span ends with it."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    started, go = asyncio.Event(), asyncio.Event()
    spans: list[Any] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        spans.append(trace.get_current_span())
        started.set()
        await go.wait()

    async def main() -> None:
        async with broker:
            await broker.start()
            await kind.publish(broker, "hello", "orders")
            await started.wait()
            stopping = asyncio.create_task(broker.stop())
            await asyncio.sleep(0)
            go.set()
            await stopping

    run(main())
    assert not spans[0].is_recording()
    assert named(recorder, "process orders").parent_id is not None
