"""Batches: sent as one, and handled as one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from faststream import AckPolicy, Context, confluent, kafka
from faststream.exceptions import NackMessage
from faststream.response.publish_type import PublishType

from guide.scenes.raw import raw
from guide.scenes.stage import (
    KAFKA,
    SENDS_BATCHES,
    SETTLES,
    TAKES_BATCHES,
    TRACEPARENT,
    Cell,
    Stage,
    scene,
)

if TYPE_CHECKING:
    from guide.kinds import Kind


@scene(*SENDS_BATCHES)
async def a_sent_batch(kind: Kind) -> list[Cell]:
    """Whole, lost, and with a create span a message where headers can differ."""
    cells: list[Cell] = []
    options: dict[str, Any] = {"headers": {"tenant": "acme"}, kind.sent_to: "orders"}
    messages: list[Any] = ["a", "b"]
    if kind.name in KAFKA:
        options["partition"] = 3
        # Keys are given a message at a time.
        keyed = {"kafka": kafka, "confluent": confluent}[kind.name].KafkaPublishMessage
        messages = [keyed("a", key=b"k"), keyed("b", key=b"k")]
    for create_spans, failing in ((False, False), (True, False), (False, True)):
        if create_spans and kind.name not in KAFKA:
            continue
        stage = Stage(kind, create_spans=create_spans)
        async with stage.running(*([PublishType.PUBLISH] if failing else [])):
            try:
                await stage.broker.publish_batch(*messages, **options)
            except ConnectionError:
                assert failing
        facts = {"batch", "named", *stage.own(received=False, batch=True)}
        facts |= {"failed"} if failing else set()
        span = "client send" if create_spans else "send"
        cells += stage.cells("publish batch", span, *facts)
        cells += stage.cells("create", "create", *stage.own(received=False))
    return cells


@scene(*TAKES_BATCHES)
async def a_handled_batch(kind: Kind) -> list[Cell]:
    """Whether its handler succeeds, fails, or decides."""
    cells: list[Cell] = []
    for handler, failed in ((succeed, []), (fail, ["failed"]), (decide, [])):
        stage = Stage(kind)
        stage.subscriber(batch=True)(handler)
        await handle(stage)
        cells += of_batch(stage, "process", *failed)
        cells += of_batch(stage, "settle", name="nack" if handler is decide else "ack")
    return cells


@scene(*(name for name in TAKES_BATCHES if name in SETTLES))
async def a_batch_that_cannot_be_settled(kind: Kind) -> list[Cell]:
    """The broker cannot be told."""
    stage = Stage(kind)

    @stage.subscriber(AckPolicy.MANUAL, batch=True)
    async def settle(messages: list[str], message: Any = Context("message")) -> None:
        with contextlib.suppress(TypeError):
            await message.ack(no_such_option=True)

    await handle(stage)
    return of_batch(stage, "settle", "failed", name="ack")


@scene("kafka", "nats")
async def a_batch_by_a_pattern(kind: Kind) -> list[Cell]:
    """From one of many destinations."""
    stage = Stage(kind)
    pattern = {"pattern": "{name}"} if kind.name == "kafka" else {"subject": "{name}"}
    stage.broker.subscriber(**pattern, **stage.options(batch=True))(succeed)
    await handle(stage)
    return [
        *of_batch(stage, "process", "template"),
        *of_batch(stage, "settle", "template", name="ack"),
    ]


async def handle(stage: Stage) -> None:
    """Let the only subscriber of a stage handle a batch."""
    headers = [{"traceparent": TRACEPARENT, "tenant": "acme"}] * 2
    batch = await raw(stage.kind, [b"a", b"b"], headers)
    if stage.kind.name == "kafka":
        batch = tuple(batch)
    async with stage.running():
        (subscriber,) = stage.broker.subscribers
        with contextlib.suppress(ValueError, NackMessage):
            await subscriber.process_message(batch)


def of_batch(stage: Stage, span: str, *facts: str, name: str = "") -> list[Cell]:
    """Give what is recorded of a batch that was handled."""
    own = {"batch", "named", *stage.own(received=True, batch=True)}
    if stage.kind.name == "nats":
        own.remove("group")
    return stage.cells(f"{span} batch", span, *own, *facts, name=name)


async def succeed(messages: list[str]) -> None:
    """Handle a batch."""


async def fail(messages: list[str]) -> None:
    """Fail to handle a batch."""
    raise ValueError(messages)


async def decide(messages: list[str]) -> None:
    """Decide that a batch is to come again."""
    raise NackMessage


@scene("kafka")
async def a_batch_from_several_topics(kind: Kind) -> list[Cell]:
    """What differs from message to message is not on its span."""
    stage = Stage(kind)

    @stage.broker.subscriber("orders", "returns", batch=True, group_id="workers")
    async def handle(messages: list[str]) -> None: ...

    async with stage.running():
        batch = [
            await kafka.testing.build_message(
                b"x", topic, partition=partition, serializer=None
            )
            for partition, topic in enumerate(("orders", "returns"))
        ]
        (subscriber,) = stage.broker.subscribers
        await subscriber.process_message(batch)
    return stage.cells("process batch", "process", "batch", "group")
