"""Messages of which something is true that is not of most; and fetched ones."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from faststream import (
    AckPolicy,
    BaseMiddleware,
    Context,
    confluent,
    kafka,
    mqtt,
    nats,
    rabbit,
    redis,
)
from faststream._internal.endpoint.utils import process_msg

from guide.scenes.stage import INBOXES, KAFKA, TRACEPARENT, Cell, Stage, echo, scene

if TYPE_CHECKING:
    from guide.kinds import Kind


@scene()
async def a_fetched_message(kind: Kind) -> list[Cell]:
    """By `get_one`, which has a client only; this is what it does with its message."""
    stage = Stage(kind)
    fetched: list[Any] = []

    @stage.subscriber(AckPolicy.MANUAL)
    async def handle(body: str, message: Any = Context("message")) -> None:
        fetched.append(message.raw_message)

    async with stage.running() as deliveries:
        await stage.publish()
        await deliveries.settled()
        for inner in ([], [Refusing]):
            await fetch(stage, fetched[0], *inner)
    own = stage.own(received=True)
    received, refused = stage.cells("receive", "receive", *own)
    return [received, refused._replace(facts=refused.facts | {"failed"})]


class Refusing(BaseMiddleware[Any, Any]):
    """An application's own middleware that lets no message in."""

    async def consume_scope(self, call_next: Any, msg: Any) -> Any:
        raise ValueError("refused")


async def fetch(stage: Stage, message: Any, *inner: Any) -> None:
    """Do what `get_one` does with a message that its client has got."""
    (subscriber,), (telemetry,) = stage.broker.subscribers, stage.broker.middlewares
    parser, decoder = subscriber._get_parser_and_decoder()
    middlewares = (
        m(message, context=stage.broker.context) for m in (*inner, telemetry)
    )
    with contextlib.suppress(ValueError):
        await process_msg(
            message, middlewares=middlewares, parser=parser, decoder=decoder
        )


@scene("kafka", "rabbit", "nats", "redis-channel", "mqtt")
async def a_pattern(kind: Kind) -> list[Cell]:
    """A subscriber to many destinations."""
    stage = Stage(kind)
    declared: Any = "logs/{level}" if kind.name == "mqtt" else "logs.{level}"
    to = declared.replace("{level}", "debug")
    exchange = rabbit.RabbitExchange("events", type=rabbit.ExchangeType.TOPIC)
    subscribed: dict[str, tuple[list[Any], dict[str, Any]]] = {
        "kafka": ([], {"pattern": declared}),
        "rabbit": ([rabbit.RabbitQueue("q", routing_key="logs.*"), exchange], {}),
        "redis-channel": ([redis.PubSub(declared, pattern=True)], {}),
    }
    arguments, options = subscribed.get(kind.name, ([declared], {}))
    stage.broker.subscriber(*arguments, **options, **stage.options())(echo)
    async with stage.running():
        if kind.name == "rabbit":
            await stage.broker.publish("x", exchange=exchange, routing_key=to, queue="")
        else:
            await stage.publish(to=to)
    own = {"template", *stage.own(received=True)}
    return [
        *stage.cells("process", "process", *own),
        *stage.cells("settle", "settle", *own, name="ack"),
    ]


@scene(*KAFKA)
async def a_tombstone(kind: Kind) -> list[Cell]:
    """A key without a body: the topic is to forget it."""
    message: Any
    if kind.name == "kafka":
        message = await kafka.testing.build_message(
            "", "orders", key=b"k", serializer=None
        )
        message.value = None
    else:
        message = await confluent.testing.build_message("", "orders", key=b"k")
        message._raw_msg = None
    return [
        *await sent(kind, "tombstone", body=None),
        *await received(kind, "tombstone", message),
    ]


@scene("rabbit")
async def a_queue_without_a_name(kind: Kind) -> list[Cell]:
    """The broker made one up."""
    name = "amq.gen-JzTY20BRgKO"
    message = await rabbit.testing.build_message("x", name)
    return [
        *await sent(kind, "anonymous", to=name),
        *await received(kind, "anonymous", message),
    ]


@scene(*INBOXES)
async def an_answer(kind: Kind) -> list[Cell]:
    """It comes to where only who asked looks, and may be sent by hand."""
    name = INBOXES[kind.name]
    stage = Stage(kind)
    stage.subscriber()(echo)
    message: Any
    if kind.name == "rabbit":
        message = await rabbit.testing.build_message("x", name)
    elif kind.name == "nats":
        message = await nats.testing.build_message("x", name)
    elif kind.name == "mqtt":
        message = await mqtt.testing.build_message("x", name)
    else:
        message = {"type": "message", "channel": name, "data": b"x", "pattern": None}
    async with stage.running():
        await fetch(stage, message)
    own = stage.own(received=True)
    cells = stage.cells("receive", "receive", "temporary", *own)
    # Any name can be that of a channel of Redis.
    by_hand = [] if kind.system == "redis" else await sent(kind, "temporary", to=name)
    return [*cells, *by_hand]


@scene("rabbit")
async def a_numbered_delivery(kind: Kind) -> list[Cell]:
    """Each has a number on a channel to RabbitMQ, but none in memory."""
    message = await rabbit.testing.build_message("x", "orders")
    # aio-pika locks the messages that it delivers.
    object.__setattr__(message, "delivery_tag", 7)
    return await received(kind, "delivery tag", message)


async def sent(
    kind: Kind, fact: str, *, body: Any = "x", to: str = "orders"
) -> list[Cell]:
    """Publish something of which `fact` is true, for the first time or not."""
    cells: list[Cell] = []
    for span, headers in (("send", {}), ("client send", {"traceparent": TRACEPARENT})):
        stage = Stage(kind)
        async with stage.running():
            await stage.publish(body, to, headers=headers)
        cells += stage.cells("publish", span, fact, *stage.own(received=False))
    return cells


async def received(kind: Kind, fact: str, message: Any) -> list[Cell]:
    """Handle and fetch a message of which `fact` is true."""
    stage = Stage(kind)
    queue = message.routing_key if kind.name == "rabbit" else "orders"
    settling = {"group_id": "workers", "ack_policy": AckPolicy.ACK}
    options = settling if kind.name in KAFKA else {}

    @stage.broker.subscriber(queue, **options)
    async def handle(message: Any) -> None: ...

    async with stage.running():
        (subscriber,) = stage.broker.subscribers
        await subscriber.process_message(message)
        await fetch(stage, message)
    own = {fact, *stage.own(received=True)}
    return [
        *stage.cells("process", "process", *own),
        *stage.cells("settle", "settle", *own, name="ack"),
        *stage.cells("receive", "receive", *own),
    ]
