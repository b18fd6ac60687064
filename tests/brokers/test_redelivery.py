"""Which servers deliver a message again whose handler failed: "Reading a trace"."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from faststream import AckPolicy
from faststream.exceptions import NackMessage
from faststream.mqtt import MQTTBroker, QoS

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
