"""Opt-in spans of acknowledgement, where a broker is told of it."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import pytest
from faststream import AckPolicy, Context, mqtt, redis
from faststream.exceptions import NackMessage

from faststream_otel.testing import RecordedSpan, SpanRecorder, in_memory
from tests.kinds import KINDS, Kind, every_kind
from tests.test_spans import run

OF = {kind.name: kind for kind in KINDS}


def acknowledged(kind: Kind, broker: Any, policy: AckPolicy) -> Any:
    """Subscribe to `orders` so that the broker wants to be told."""
    if kind.name in {"kafka", "confluent"}:
        return broker.subscriber("orders", group_id="g", ack_policy=policy)
    if kind.name == "nats":
        return broker.subscriber("orders", stream="stream", ack_policy=policy)
    if kind.name == "redis-stream":
        stream = redis.StreamSub("orders", group="g", consumer="c")
        return broker.subscriber(stream=stream, ack_policy=policy)
    if kind.name == "mqtt":
        return broker.subscriber(
            "orders", qos=mqtt.QoS.AT_LEAST_ONCE, ack_policy=policy
        )
    return broker.subscriber("orders", ack_policy=policy)


settling = pytest.mark.parametrize(
    "kind",
    [OF[n] for n in ("kafka", "confluent", "rabbit", "nats", "redis-stream", "mqtt")],
    ids=str,
)


def settled(recorder: SpanRecorder) -> list[RecordedSpan]:
    """The settle spans."""
    return [
        span
        for span in recorder.trace().spans
        if span.attributes["messaging.operation.type"] == "settle"
    ]


def publish(kind: Kind, broker: Any) -> None:
    """Publish one message to `orders`."""
    if kind.name == "mqtt":
        run(kind, broker, "hello", "orders", qos=mqtt.QoS.AT_LEAST_ONCE)
    elif kind.name == "nats":
        run(kind, broker, "hello", "orders", stream="stream")
    else:
        run(kind, broker, "hello", "orders")


@settling
def test_faststream_acknowledges(kind: Kind) -> None:
    """After the handler: a client's span below the process span."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"settle_spans": True})

    @acknowledged(kind, broker, AckPolicy.ACK)
    async def handle(message: str) -> None: ...

    publish(kind, broker)
    (ack,) = settled(recorder)
    process = next(s for s in recorder.trace().spans if s.kind == "CONSUMER")
    assert (ack.name, ack.kind) == ("ack orders", "CLIENT")
    assert ack.parent_id == process.span_id
    assert ack.attributes["messaging.operation.name"] == "ack"
    assert (
        ack.attributes["messaging.message.id"]
        == process.attributes["messaging.message.id"]
    )


@settling
def test_a_handler_acknowledges_once(kind: Kind) -> None:
    """By hand; what FastStream would do afterwards tells nobody anything."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"settle_spans": True})

    @acknowledged(kind, broker, AckPolicy.ACK)
    async def handle(body: str, message: Any = Context("message")) -> None:
        await message.ack()

    publish(kind, broker)
    acks = settled(recorder)
    # The test brokers of NATS and RabbitMQ do not note that a message was settled.
    assert len(acks) == (2 if kind.name == "nats" else 1)
    assert {span.name for span in acks} == {"ack orders"}


@pytest.mark.parametrize(
    "kind", [OF[n] for n in ("kafka", "confluent", "rabbit", "nats")], ids=str
)
def test_nack(kind: Kind) -> None:
    """A negative acknowledgement has its own name."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"settle_spans": True})

    attempts = count()

    @acknowledged(kind, broker, AckPolicy.NACK_ON_ERROR)
    async def handle(message: str) -> None:
        if next(attempts) == 0:
            raise NackMessage

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            options = {"stream": "stream"} if kind.name == "nats" else {}
            await kind.publish(broker, "hello", "orders", **options)
            await deliveries.settled()

    asyncio.run(main())
    # It comes again, and is acknowledged then.
    names = [span.name for span in settled(recorder)]
    assert names == ["nack orders", "ack orders"]


@settling
def test_a_settlement_that_fails(kind: Kind) -> None:
    """Its span has the error, and the error is the application's as before."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"settle_spans": True})
    raised: list[BaseException] = []

    @acknowledged(kind, broker, AckPolicy.MANUAL)
    async def handle(body: str, message: Any = Context("message")) -> None:
        try:
            await message.ack(no_such_option=True)
        except TypeError as error:
            raised.append(error)

    publish(kind, broker)
    assert len(raised) == 1
    (ack,) = settled(recorder)
    assert (ack.status, ack.attributes["error.type"]) == ("ERROR", "TypeError")


@every_kind
def test_none_unless_asked_for(kind: Kind) -> None:
    """The option is off."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    run(kind, broker, "hello", "orders")
    assert not settled(recorder)


@pytest.mark.parametrize(
    "kind",
    [OF[n] for n in ("kafka", "nats", "redis-channel", "redis-list", "mqtt")],
    ids=str,
)
def test_none_where_nobody_is_told(kind: Kind) -> None:
    """Auto-commit, core NATS, channels and lists of Redis, and QoS 0."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"settle_spans": True})

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    run(kind, broker, "hello", "orders")
    assert not settled(recorder)
