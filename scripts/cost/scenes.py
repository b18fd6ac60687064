"""What is counted: one message after the other, or many of a kind at once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from cost.contenders import Kind, Telemetry

    # Sends messages and waits until they are handled, and says how many these are.
    Work = Callable[[], Awaitable[int]]
    Scene = Callable[[Kind, str, Telemetry], AbstractAsyncContextManager[Work]]

MESSAGE: Final = "message"


@asynccontextmanager
async def _message(
    kind: Kind, contender: str, telemetry: Telemetry
) -> AsyncIterator[Work]:
    async with kind.running(contender, telemetry) as send:

        async def work() -> int:
            await send()
            return 1

        yield work


def _batch(size: int) -> Scene:
    @asynccontextmanager
    async def batch(
        kind: Kind, contender: str, telemetry: Telemetry
    ) -> AsyncIterator[Work]:
        async def handle(messages: list[str]) -> None: ...

        broker = kind.broker(kind.middlewares(contender, telemetry, handle))
        broker.subscriber("orders", batch=True)(handle)
        messages = ["x"] * size
        async with kind.in_memory(broker):

            async def work() -> int:
                await broker.publish_batch(*messages, topic="orders")
                return size

            yield work

    return batch


def _destinations(names: int) -> Scene:
    @asynccontextmanager
    async def destinations(
        kind: Kind, contender: str, telemetry: Telemetry
    ) -> AsyncIterator[Work]:
        async def handle(message: str) -> None: ...

        broker = kind.broker(kind.middlewares(contender, telemetry, handle))
        broker.subscriber("orders.*")(handle)
        async with kind.in_memory(broker):
            # All are known before counting begins, and are used in the same order.
            for name in range(names):
                await broker.publish("x", f"orders.{name}")
            sent = 0

            async def work() -> int:
                nonlocal sent
                await broker.publish("x", f"orders.{sent % names}")
                sent += 1
                return 1

            yield work

    return destinations


def _in_flight(messages: int) -> Scene:
    @asynccontextmanager
    async def in_flight(
        kind: Kind, contender: str, telemetry: Telemetry
    ) -> AsyncIterator[Work]:
        waiting = 0
        together = asyncio.Event()

        async def handle(message: str) -> None:  # noqa: ARG001
            nonlocal waiting
            waiting += 1
            if waiting == messages:
                together.set()
            await together.wait()

        broker = kind.broker(kind.middlewares(contender, telemetry, handle))
        broker.subscriber("orders")(handle)
        async with kind.in_memory(broker):

            async def work() -> int:
                nonlocal waiting
                waiting = 0
                together.clear()
                sends = (broker.publish("x", "orders") for _ in range(messages))
                await asyncio.gather(*sends)
                return messages

            yield work

    return in_flight


SCENES: Final[dict[str, Scene]] = {
    MESSAGE: _message,
    "batch of 100": _batch(100),
    "batch of 10,000": _batch(10_000),
    "one destination": _destinations(1),
    "10,000 destinations": _destinations(10_000),
    "one in flight": _in_flight(1),
    "1,000 in flight": _in_flight(1_000),
}
# What is compared with what, and on which broker.
SCALES: Final = (
    ("kafka", "batch of 100", "batch of 10,000"),
    ("nats", "one destination", "10,000 destinations"),
    ("nats", "one in flight", "1,000 in flight"),
)


async def repeat(work: Work, messages: int) -> int:
    """Send at least this many messages, and say how many were sent."""
    sent = 0
    while sent < messages:
        sent += await work()
    return sent
