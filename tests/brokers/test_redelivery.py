"""Which servers deliver a message again whose handler failed: "Reading a trace"."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from faststream import AckPolicy
from faststream.exceptions import NackMessage
from faststream.mqtt import MQTTBroker, QoS
from faststream.rabbit import RabbitBroker, RabbitQueue

from faststream_otel.rabbit import RabbitTelemetryMiddleware
from faststream_otel.testing import assert_trace, record
from tests.brokers.clean import clean
from tests.brokers.wire import PATIENCE
from tests.kinds import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

# Options of subscribers and of publishing, and what handlers get.
GROUP = {
    "group_id": "packers",
    "auto_offset_reset": "earliest",
    "ack_policy": AckPolicy.NACK_ON_ERROR,
}
SUBSCRIBED: dict[str, dict[str, Any]] = {
    "kafka": GROUP,
    "confluent": GROUP,
    "mqtt": {"qos": QoS.AT_LEAST_ONCE},
}
PUBLISHED: dict[str, dict[str, Any]] = {"mqtt": {"qos": QoS.AT_LEAST_ONCE}}
ONCE = ["tea", "cake"]
HANDLED = {
    "kafka": ["tea", "tea", "cake"],
    "confluent": ["tea", "tea", "cake"],
    "nats": ONCE,
    "redis-channel": ONCE,
    "redis-list": ONCE,
    "mqtt": ONCE,
}


@pytest.fixture
def name(kind: Kind) -> Iterator[str]:
    """A destination that is new."""
    name = f"returns.{uuid4().hex}"
    yield name
    clean(kind.name.partition("-")[0], [name, "packers"])


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.broker(kind.name.partition("-")[0]))
        for kind in KINDS
        if kind.name in HANDLED
    ],
    ids=str,
)
def test_what_is_handled(kind: Kind, name: str) -> None:
    """Kafka reads again from the message that failed; others go on without it."""
    broker = kind.broker()
    handled: list[str] = []
    ended = asyncio.Event()

    @kind.subscriber(broker, name, **SUBSCRIBED.get(kind.name, {}))
    async def pack(order: str) -> None:
        handled.append(order)
        if len(handled) == 1:
            raise NackMessage
        if order == "cake":
            ended.set()

    async def main() -> None:
        async with broker, asyncio.timeout(2 * PATIENCE):
            await broker.start()
            for order in ("tea", "cake"):
                await kind.publish(broker, order, name, **PUBLISHED.get(kind.name, {}))
            await ended.wait()

    asyncio.run(main())
    assert handled == HANDLED[kind.name]


@pytest.mark.broker("mqtt")
def test_mqtt_sends_it_again_in_a_session_that_was_kept() -> None:
    """To the client that connects to it anew, and not before."""
    name, client = f"returns/{uuid4().hex}", uuid4().hex
    handled: list[str] = []

    async def connect(*orders: str, until: str) -> None:
        broker = MQTTBroker(
            client_id=client, clean_session=False, session_expiry_interval=60
        )
        ended = asyncio.Event()

        @broker.subscriber(name, qos=QoS.AT_LEAST_ONCE)
        async def pack(order: str) -> None:
            handled.append(order)
            if order == until:
                ended.set()
            if len(handled) == 1:
                raise NackMessage

        async with broker, asyncio.timeout(PATIENCE):
            await broker.start()
            for order in orders:
                await broker.publish(order, name, qos=QoS.AT_LEAST_ONCE)
            await ended.wait()

    asyncio.run(connect("tea", "cake", until="cake"))
    assert handled == ONCE
    asyncio.run(connect(until="tea"))
    assert handled == [*ONCE, "tea"]


@pytest.mark.broker("rabbit")
def test_a_dead_letter_stays_in_its_trace() -> None:
    """RabbitMQ moves it with its headers: one more process span, beside the first."""
    broker = RabbitBroker(middlewares=[RabbitTelemetryMiddleware()])
    name = f"orders.{uuid4().hex}"
    buried = asyncio.Event()

    @broker.subscriber(
        RabbitQueue(
            name,
            auto_delete=True,
            arguments={
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": f"{name}.dead",
            },
        ),
        ack_policy=AckPolicy.REJECT_ON_ERROR,
    )
    async def pack(order: str) -> None:
        raise LookupError(order)

    @broker.subscriber(RabbitQueue(f"{name}.dead", auto_delete=True))
    async def bury(order: str) -> None:
        buried.set()

    async def main() -> None:
        async with broker:
            await broker.start()
            await broker.publish("unicorn", name)
            await asyncio.wait_for(buried.wait(), PATIENCE)

    with record(broker) as recording:
        asyncio.run(main())
    assert_trace(
        recording.trace(),
        f"""
        publish {name} [PRODUCER]
          process {name} [CONSUMER] ✗ LookupError
          process {name}.dead [CONSUMER]
        """,
    )
