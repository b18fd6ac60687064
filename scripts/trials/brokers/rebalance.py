"""A second consumer of a group at Kafka comes and goes, under load."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from faststream import AckPolicy

from trials.beside import bare_and_ours
from trials.brokers.connecting import Connecting, quietly
from trials.brokers.shared import shared
from trials.trial import Scenario

if TYPE_CHECKING:
    from trials.trial import Trial

_PARTITIONS: Final = 4
_PACE: Final = 100.0
# How long a consumer may wait for its next message: a group takes seconds to agree.
_PATIENCE: Final = 60.0
_DRAIN: Final = 20.0
_LASTS: Final = 600.0
# Every so many messages the handler fails.
_FAILS: Final = 50


def joined(
    name: str, contender: str, port: int, rounds: int, size: int
) -> dict[str, Any]:
    """Let a second consumer join and leave.

    Args:
        name: The kind of the broker.
        contender: Whose telemetry there is.
        port: Where the server is.
        rounds: How often it comes and goes.
        size: How many messages each of the two has to handle before that.
    """
    return quietly(_joined(Connecting(name, contender, port), rounds, size))


async def _joined(made: Connecting, rounds: int, size: int) -> dict[str, Any]:
    topic = f"rebalance-{uuid4().hex}"
    admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{made.port}"})
    admin.create_topics([NewTopic(topic, _PARTITIONS, 1)])[topic].result(_PATIENCE)
    came: dict[str, list[int]] = {"first": [], "second": []}
    raised = 0
    progress = asyncio.Condition()

    def consumer(who: str) -> Any:
        async def handle(body: str) -> None:
            nonlocal raised
            came[who].append(number := int(body))
            async with progress:
                progress.notify_all()
            if number % _FAILS == 0:
                raised += 1
                raise LookupError(body)

        broker = made.broker()
        # By itself FastStream acknowledges before it handles: what a consumer has
        # when it leaves may then be lost, with telemetry or without.
        options = {"group_id": topic, "ack_policy": AckPolicy.ACK}
        made.subscribe(broker, topic, handle, **options)
        return broker

    async def handles(who: str) -> None:
        wanted = len(came[who]) + size
        async with progress:
            while (count := len(came[who])) < wanted:
                async with asyncio.timeout(_PATIENCE):
                    await progress.wait_for(lambda: len(came[who]) > count)

    first = consumer("first")
    sent: list[int] = []

    async def publish() -> None:
        with suppress(asyncio.CancelledError):
            while True:
                number = len(sent)
                # Whole, so that nobody need ask whether it was sent.
                await asyncio.shield(
                    first.publish(str(number), topic, key=str(number).encode())
                )
                sent.append(number)
                await asyncio.sleep(1 / _PACE)

    async with first:
        await first.start()
        publishing = asyncio.create_task(publish())
        await handles("first")
        for _ in range(rounds):
            second = consumer("second")
            async with second:
                await second.start()
                await handles("second")
            await handles("first")
        publishing.cancel()
        await publishing
        with suppress(TimeoutError):
            async with progress, asyncio.timeout(_DRAIN):
                await progress.wait_for(
                    lambda: set(sent) <= {*came["first"], *came["second"]}
                )
    everything = [*came["first"], *came["second"]]
    return {
        **made.seen(),
        "sent": len(sent),
        "lost": len(set(sent) - set(everything)),
        "doubled": len(everything) - len(set(everything)),
        "handled": len(everything),
        "second": len(came["second"]),
        "raised": raised,
    }


def _rebalanced(name: str, trial: Trial) -> None:
    port = shared(name).port
    rounds, size = (1, 20) if trial.quick else (5, 300)
    bare, ours = bare_and_ours(
        joined, name=name, port=port, rounds=rounds, size=size, within=_LASTS
    )
    spans, errors = ours["spans"], ours["errors"]
    trial.check(
        "process spans while a group is rebalanced",
        "one per delivery, to either consumer",
        f"{spans.get('process', 0):,} for {ours['handled']:,}, "
        f"{ours['second']:,} of them to the second",
        holds=spans.get("process") == ours["handled"] and ours["second"] >= size,
        rank=ours["handled"],
    )
    trial.check(
        "spans with an error while a group is rebalanced",
        "one per handler that failed",
        f"{errors.get('process', 0):,} for {ours['raised']:,}",
        holds=errors.get("process", 0) == ours["raised"] > 0,
        rank=ours["raised"],
    )
    trial.check(
        "messages lost while a group is rebalanced",
        "none",
        f"{ours['lost']} of {ours['sent']:,}",
        holds=ours["lost"] == 0,
        rank=ours["lost"],
        bare=f"{bare['lost']} of {bare['sent']:,}",
    )
    trial.figure(
        "messages doubled while a group is rebalanced",
        ours["doubled"],
        rank=ours["doubled"],
        bare=f"{bare['doubled']}",
    )


SCENARIOS: Final = tuple(
    Scenario(
        f"brokers/{name}/rebalance",
        "a second consumer joins the group under load, and leaves it",
        partial(_rebalanced, name),
        needs=("kafka",),
    )
    for name in ("kafka", "confluent")
)
