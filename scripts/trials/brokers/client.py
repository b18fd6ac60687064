"""A service at a real server: it publishes to itself, and counts what becomes of it."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace

from trials.apart import begin, until_told
from trials.brokers.connecting import Connecting, quietly

if TYPE_CHECKING:
    from guide.kinds import Kind

_DESTINATION: Final = "trial-orders"
# How many messages a second, and which of them the handler fails at.
_PACE: Final = 200
_FAILS: Final = 50
# How long one publish may take, and how long to wait for what is under way.
_PATIENCE: Final = 5.0
_DRAIN: Final = 3.0
_START: Final = 60.0


def exchange(
    name: str,
    contender: str,
    port: int,
    lasting: float,
    settles: float | None,
) -> dict[str, Any]:
    """Publish and handle messages until told, and for a time after.

    Args:
        name: The kind of the broker.
        contender: Whose telemetry there is.
        port: Where the server is.
        lasting: For how many seconds to publish after that.
        settles: For how many of them messages may be lost or doubled; None if at no
            time.
    """
    made = Connecting(name, contender, port)
    return quietly(_exchange(made, lasting, settles))


@dataclass
class _Publisher:
    """Publishes numbered messages, and counts how that went."""

    kind: Kind
    broker: Any
    sent: set[int] = field(default_factory=set)
    calls: int = 0
    failed: int = 0
    dirty: int = 0

    async def publish(self, number: int) -> None:
        self.calls += 1
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.kind.publish(self.broker, str(number), _DESTINATION)
        except Exception:
            self.failed += 1
        else:
            self.sent.add(number)
        self.dirty += trace.get_current_span().get_span_context().is_valid

    async def publish_many(
        self, lasting: float, settles: float | None
    ) -> tuple[int, int]:
        """Publish until told, and for a time after.

        Returns:
            The first number that was published when all had settled, and the last one.
        """
        told = asyncio.create_task(asyncio.to_thread(until_told))
        began, until = time.monotonic(), math.inf
        number, settled = 0, 1 if settles is None else 0
        while (now := time.monotonic()) < until:
            if told.done() and until == math.inf:
                until = now + lasting
            number += 1
            if not settled and settles is not None and now > until - lasting + settles:
                settled = number
            await self.publish(number)
            await asyncio.sleep(max(0, began + number / _PACE - now))
        return settled, number


async def _exchange(
    made: Connecting, lasting: float, settles: float | None
) -> dict[str, Any]:
    broker = made.broker()
    came: list[int] = []

    async def handle(body: str) -> None:
        number = int(body)
        came.append(number)
        if number % _FAILS == 0:
            raise ValueError(number)

    made.subscribe(broker, _DESTINATION, handle)
    publisher = _Publisher(made.kind, broker)
    async with asyncio.timeout(_START):
        await broker.start()
        while not came:
            await publisher.publish(0)
            await asyncio.sleep(0.1)
    begin()
    settled, number = await publisher.publish_many(lasting, settles)
    await _drained(came)
    with suppress(Exception):
        async with asyncio.timeout(_PATIENCE):
            await broker.stop()
    handled = [each for each in came if each]
    late = [each for each in came if each >= settled]
    sent_late = {each for each in publisher.sent if each >= settled}
    return {
        **made.seen(),
        "calls": publisher.calls,
        "failed": publisher.failed,
        "handled": len(came),
        "raised": sum(each % _FAILS == 0 for each in came),
        "lost": len(publisher.sent - set(came)),
        "doubled": len(handled) - len(set(handled)),
        "late": len(sent_late),
        "lost_late": len(sent_late - set(late)),
        "doubled_late": len(late) - len(set(late)),
        "last": max(came) / number,
        "dirty": publisher.dirty,
    }


async def _drained(came: list[int]) -> None:
    """Wait until nothing has come for a time."""
    count = -1
    while count != len(came):
        count = len(came)
        await asyncio.sleep(_DRAIN / 3)
