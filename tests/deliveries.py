"""What happens to messages, with a server and without: scenes that both play.

Each gives what handlers and publishers saw, in plain words, to be compared.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from faststream import AckPolicy, BaseMiddleware, Context
from faststream.exceptions import NackMessage
from faststream.mqtt import QoS
from faststream.nats import JStream
from faststream.redis import StreamSub

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.kinds import Kind

    Run = Callable[..., AbstractAsyncContextManager[Any]]
    Play = Callable[[Kind, Run, str], Any]

KAFKA = ("kafka", "confluent")
SCENES: dict[str, tuple[Play, frozenset[str]]] = {}
ALL = frozenset(
    {*KAFKA, "rabbit", "nats", "redis-channel", "redis-list", "redis-stream", "mqtt"}
)


def scene(*names: str) -> Callable[[Play], Play]:
    """Say which kinds of brokers a scene is for; all, if none is named."""

    def remember(play: Play) -> Play:
        SCENES[play.__name__] = play, frozenset(names) or ALL
        return play

    return remember


def options(kind: Kind, group: str = "") -> dict[str, Any]:
    """Make a subscriber that is there from the beginning, in a group if it has one."""
    if kind.name in KAFKA:
        return {"group_id": group, "auto_offset_reset": "earliest"} if group else {}
    if group and kind.name == "nats":
        return {"queue": group}
    return {"shared": group} if group and kind.name == "mqtt" else {}


def subscribe(
    kind: Kind, broker: Any, name: str, handler: Any, group: str = ""
) -> None:
    """Subscribe on a broker."""
    if kind.name == "redis-stream" and group:
        stream = StreamSub(name, group=group, consumer=handler.__name__)
        broker.subscriber(stream=stream)(handler)
        return
    kind.subscriber(broker, name, **options(kind, group))(handler)


async def alone(kind: Kind, run: Run, name: str, *bodies: Any) -> list[Any]:
    """Publish bodies to a handler of any."""
    broker, seen = kind.broker(logger=None), []

    async def handle(body: Any) -> None:
        seen.append(body)

    subscribe(kind, broker, name, handle, "g" if kind.name in KAFKA else "")
    async with run(broker) as deliveries:
        for body in bodies:
            await kind.publish(broker, body, name)
            await deliveries.settled()
    return seen


@scene()
async def buffer_that_is_used_again(kind: Kind, run: Run, name: str) -> list[Any]:
    """Body and headers are those that were published."""
    broker, seen = kind.broker(logger=None), []

    async def handle(
        body: Any, tenant: str = Context("message.headers.tenant")
    ) -> None:
        seen.append([body, tenant])

    subscribe(kind, broker, name, handle, "g" if kind.name in KAFKA else "")
    async with run(broker) as deliveries:
        body, headers = {"items": [1]}, {"tenant": "acme"}
        await kind.publish(broker, body, name, headers=headers)
        body["items"].append(2)
        headers["tenant"] = "other"
        await deliveries.settled()
    return seen


@scene()
async def body_that_is_read_once(kind: Kind, run: Run, name: str) -> list[Any]:
    """An iterator is encoded once, for whoever handles it."""
    return await alone(kind, run, name, iter([1, 2]), (n for n in range(3)))


@scene()
async def bodies_of_all_types(kind: Kind, run: Run, name: str) -> list[Any]:
    """Bytes, text, numbers and structures come as they went."""
    return await alone(kind, run, name, b"raw", "text", 3, [1], {"a": None}, "")


@scene()
async def body_that_cannot_be_encoded(kind: Kind, run: Run, name: str) -> list[Any]:
    """The publisher is told, nothing is sent, and the next goes on."""
    broker, seen = kind.broker(logger=None), []

    async def handle(body: Any) -> None:
        seen.append(body)

    subscribe(kind, broker, name, handle, "g" if kind.name in KAFKA else "")
    async with run(broker) as deliveries:
        try:
            await kind.publish(broker, object(), name)
        except Exception as error:
            seen.append(type(error).__name__)
        await kind.publish(broker, "tea", name)
        await deliveries.settled()
    return seen


class Twice(BaseMiddleware[Any, Any]):
    """Sends each message twice."""

    async def publish_scope(self, call_next: Callable[..., Any], cmd: Any) -> Any:
        await call_next(cmd)
        return await call_next(cmd)


@scene()
async def sent_twice(kind: Kind, run: Run, name: str) -> list[Any]:
    """A middleware that sends twice makes two messages, with the telemetry of ours."""
    broker = kind.broker(logger=None, middlewares=[kind.middleware(), Twice])
    seen: list[Any] = []

    async def handle(body: Any) -> None:
        seen.append(body)

    subscribe(kind, broker, name, handle, "g" if kind.name in KAFKA else "")
    async with run(broker) as deliveries:
        await kind.publish(broker, ["tea"], name)
        await deliveries.settled()
    return seen


@scene(*KAFKA, "redis-list")
async def batch(kind: Kind, run: Run, name: str) -> list[Any]:
    """What is published together is handled one by one, by who asks for that."""
    broker, seen = kind.broker(logger=None), []

    async def handle(body: Any) -> None:
        seen.append(body)

    subscribe(kind, broker, name, handle, "g" if kind.name in KAFKA else "")
    async with run(broker) as deliveries:
        to = {"topic": name} if kind.name in KAFKA else {"list": name}
        await broker.publish_batch("tea", {"n": 1}, b"x", **to)
        await deliveries.settled()
    return sorted(seen, key=str)


@scene(*KAFKA, "nats", "redis-stream", "mqtt", "rabbit", "redis-list")
async def one_of_a_group(kind: Kind, run: Run, name: str) -> list[Any]:
    """Of those that compete for messages, one gets each."""
    broker, seen = kind.broker(logger=None), []

    async def first(body: Any) -> None:
        seen.append(body)

    async def second(body: Any) -> None:
        seen.append(body)

    for handler in (first, second):
        subscribe(kind, broker, name, handler, "g")
    async with run(broker) as deliveries:
        for number in range(4):
            await kind.publish(broker, number, name)
        await settled(deliveries, 4, seen)
    return sorted(seen)


@scene(*KAFKA, "nats", "redis-channel", "redis-stream")
async def each_group(kind: Kind, run: Run, name: str) -> list[Any]:
    """Those of other groups, or of none, get all."""
    broker, seen = kind.broker(logger=None), []

    async def first(body: Any) -> None:
        seen.append(["first", body])

    async def second(body: Any) -> None:
        seen.append(["second", body])

    subscribe(kind, broker, name, first, "" if kind.name == "redis-channel" else "g")
    subscribe(kind, broker, name, second, "h" if kind.name in KAFKA else "")
    async with run(broker) as deliveries:
        await kind.publish(broker, "tea", name)
        await settled(deliveries, 2, seen)
    return sorted(seen)


@scene(*KAFKA, "rabbit", "nats", "redis-channel", "redis-list", "mqtt")
async def nacked(kind: Kind, run: Run, name: str) -> list[Any]:
    """What a handler refuses comes again where the server sends it again."""
    return await refused(kind, run, name, NackMessage)


@scene("rabbit", "nats", *KAFKA)
async def failed(kind: Kind, run: Run, name: str) -> list[Any]:
    """So does what fails, where its subscriber says so."""
    return await refused(kind, run, name, LookupError)


async def refused(kind: Kind, run: Run, name: str, how: type[Exception]) -> list[Any]:
    """Refuse the first message once."""
    broker, seen = kind.broker(logger=None), []

    async def handle(body: str) -> None:
        seen.append(body)
        if len(seen) == 1:
            raise how

    more: dict[str, Any] = {}
    if kind.name in {*KAFKA, "rabbit", "nats"}:
        more["ack_policy"] = AckPolicy.NACK_ON_ERROR
    if kind.name == "mqtt":
        more["qos"] = QoS.AT_LEAST_ONCE
    if kind.name == "nats":
        more |= {"stream": JStream(name), "queue": "d"}
    subscriber_options = {**options(kind, "" if kind.name == "nats" else "g"), **more}
    kind.subscriber(broker, name, **subscriber_options)(handle)
    async with run(broker) as deliveries:
        again = {*KAFKA, "rabbit", "nats"}
        await kind.publish(broker, "tea", name, **sending(kind, name))
        await settled(deliveries, 2 if kind.name in again else 1, seen)
        await kind.publish(broker, "cake", name, **sending(kind, name))
        await settled(deliveries, 3 if kind.name in again else 2, seen)
    return seen


def sending(kind: Kind, name: str) -> dict[str, Any]:
    """Give what a message needs that is to be acknowledged."""
    if kind.name == "nats":
        return {"stream": name}
    return {"qos": QoS.AT_LEAST_ONCE} if kind.name == "mqtt" else {}


@scene("nats", "rabbit", "redis-channel", "mqtt")
async def request(kind: Kind, run: Run, name: str) -> list[Any]:
    """The answer is what the handler returned then."""
    broker, seen = kind.broker(logger=None), []
    kept = {"price": [1]}

    async def handle(body: Any) -> Any:
        seen.append(body)
        return kept

    kind.subscriber(broker, name)(handle)
    async with run(broker):
        answer = await kind.request(broker, ["tea"], name, timeout=5)
        kept["price"].append(2)
        seen.append(await answer.decode())
        seen.append(await (await kind.request(broker, b"x", name, timeout=5)).decode())
    return seen


async def settled(deliveries: Any, count: int, seen: list[Any]) -> None:
    """Wait until so much has been handled: a server sends when it likes."""
    if hasattr(deliveries, "expect"):
        deliveries.expect(count)
    await deliveries.settled()
    for _ in range(1000):
        if len(seen) >= count:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError(f"not {count} of {seen}")
