"""Messages on their way: published, handled, settled, requested and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faststream import AckPolicy, Context, Response, confluent, kafka, rabbit
from faststream.exceptions import NackMessage, RejectMessage
from faststream.response.publish_type import PublishType

from guide.scenes.stage import (
    INBOXES,
    REQUESTS,
    SETTLES,
    TRACEPARENT,
    Cell,
    Stage,
    echo,
    scene,
)

if TYPE_CHECKING:
    from guide.kinds import Kind


@scene()
async def a_message(kind: Kind) -> list[Cell]:
    """Published, handled, and acknowledged where the broker is told."""
    stage = Stage(kind)

    @stage.subscriber()
    async def handle(message: str) -> None: ...

    async with stage.running():
        await stage.publish()
    return [
        *stage.cells("publish", "send", *stage.own(received=False)),
        *stage.cells("process", "process", *stage.own(received=True)),
        *stage.cells("settle", "settle", *stage.own(received=True), name="ack"),
    ]


@scene()
async def a_message_that_has_a_context(kind: Kind) -> list[Cell]:
    """Whoever made it is the producer; the broker's span is a client's."""
    stage = Stage(kind)
    async with stage.running():
        await stage.publish(headers={"traceparent": TRACEPARENT})
    return stage.cells("publish", "client send", *stage.own(received=False))


@scene()
async def a_lost_connection(kind: Kind) -> list[Cell]:
    """Nothing is sent."""
    stage = Stage(kind)
    async with stage.running(PublishType.PUBLISH):
        for headers in ({}, {"traceparent": TRACEPARENT}):
            try:
                await stage.publish(headers=headers)
            except ConnectionError:
                continue
            raise AssertionError("it was sent")
    facts = {"failed", *stage.own(received=False)}
    sent, passed_on = stage.cells("publish", "send", *facts)
    return [sent, passed_on._replace(span="client send")]


@scene()
async def a_failing_handler(kind: Kind) -> list[Cell]:
    """It is the handler that fails; the broker is told as it asked to be."""
    stage = Stage(kind)

    @stage.subscriber()
    async def handle(message: str) -> None:
        raise ValueError(message)

    async with stage.running():
        await stage.publish()
    return stage.cells("process", "process", "failed", *stage.own(received=True))


@scene()
async def a_decision(kind: Kind) -> list[Cell]:
    """That of a handler is no error."""
    stage = Stage(kind)
    # MQTT has no negative acknowledgement.
    rejects = kind.name == "mqtt"
    policy = AckPolicy.REJECT_ON_ERROR if rejects else AckPolicy.NACK_ON_ERROR

    @stage.subscriber(policy)
    async def handle(message: str) -> None:
        raise RejectMessage if rejects else NackMessage

    async with stage.running():
        await stage.publish()
    name = "reject" if rejects else "nack"
    return [
        *stage.cells("process", "process", *stage.own(received=True)),
        *stage.cells("settle", "settle", *stage.own(received=True), name=name),
    ]


@scene(*SETTLES)
async def a_failing_settlement(kind: Kind) -> list[Cell]:
    """The broker cannot be told."""
    stage = Stage(kind)

    @stage.subscriber(AckPolicy.MANUAL)
    async def handle(body: str, message: Any = Context("message")) -> None:
        try:
            await message.ack(no_such_option=True)
        except TypeError:
            return
        raise AssertionError("it was settled")

    async with stage.running():
        await stage.publish()
    own = stage.own(received=True)
    return stage.cells("settle", "settle", "failed", *own, name="ack")


@scene(*REQUESTS)
async def a_request(kind: Kind) -> list[Cell]:
    """One that is answered, and one that cannot be sent."""
    cells: list[Cell] = []
    options = {"message_id": "m-1"} if kind.name == "rabbit" else {}
    for failing in (False, True):
        stage = Stage(kind)
        kind.subscriber(stage.broker, "orders")(echo)
        async with stage.running(*([PublishType.REQUEST] if failing else [])):
            try:
                await kind.request(
                    stage.broker, "x", "orders", headers={"tenant": "acme"}, **options
                )
            except ConnectionError:
                assert failing
        facts = {"failed"} if failing else set()
        cells += stage.cells("request", "send", *facts, *stage.own(received=False))
        answer = {*stage.own(received=True), "temporary"} - {"group"}
        cells += stage.cells("receive", "receive", *answer)
    return cells


@scene()
async def a_reply(kind: Kind) -> list[Cell]:
    """One to a name, one to what the asker made up, and one that cannot be sent."""
    cells: list[Cell] = []
    inbox = INBOXES.get("redis-channel" if kind.system == "redis" else kind.name)
    for to, fact, failing in (
        ("answers", "single", ()),
        ("answers", "failed", (PublishType.REPLY,)),
        (inbox, "temporary", ()),
        ("amq.gen-JzTY20BRgKO" if kind.name == "rabbit" else None, "anonymous", ()),
    ):
        if to is None:
            continue
        stage = Stage(kind)

        @kind.subscriber(stage.broker, "orders")
        async def handle(message: str) -> Any:
            return ANSWERS.get(kind.name) or Response(message, headers=HEADERS)

        async with stage.running(*failing):
            await stage.publish(reply_to=to)
        cells += stage.cells("reply", "send", fact, *stage.own(received=False))
    return cells


# Answers with all that a client lets them have.
HEADERS: Any = {"tenant": "acme"}
ANSWERS: dict[str, Response] = {
    "kafka": kafka.KafkaResponse("x", key=b"k", headers=HEADERS),
    "confluent": confluent.KafkaResponse("x", key=b"k", headers=HEADERS),
    "rabbit": rabbit.RabbitResponse("x", message_id="m-2", headers=HEADERS),
}
