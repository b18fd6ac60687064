"""Real servers in place of FastStream's test brokers, for the tests of spans."""

from __future__ import annotations

import asyncio
import functools
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

from faststream import BaseMiddleware
from faststream._internal.endpoint.subscriber import SubscriberUsecase
from faststream.kafka import KafkaBroker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

PATIENCE = 10.0  # seconds, for a message to arrive


class WireDeliveries:
    """What `Deliveries` is in memory: knows when all messages have been handled.

    A message counts as expected when it was sent to where a handler listens, and as
    handled when FastStream is through with it.

    Attributes:
        errors: What handlers raised.
    """

    def __init__(self, brokers: tuple[Any, ...]) -> None:
        self.errors: list[BaseException] = []
        self._brokers = brokers
        self._expected = self._told = 0
        self._handled = 0
        self._changed = asyncio.Condition()

    def sent(self, destination: str, count: int) -> None:
        """Expect a message at each handler that listens there."""
        listening = [
            subscriber
            for broker in self._brokers
            for subscriber in broker.subscribers
            if subscriber.calls and destination in declared(subscriber)
        ]
        self._expected += count * len(listening)

    def expect(self, count: int) -> None:
        """Expect so many in all: what is sent does not tell how many there will be."""
        self._told = count

    async def handled(self, error: BaseException | None) -> None:
        """Note that a handler is through with a message."""
        async with self._changed:
            self._handled += 1
            if error is not None:
                self.errors.append(error)
            self._changed.notify_all()

    async def settled(self) -> None:
        """Wait until as many messages were handled as were sent."""
        async with self._changed, asyncio.timeout(PATIENCE):
            await self._changed.wait_for(
                lambda: self._handled >= (self._told or self._expected)
            )


def declared(subscriber: Any) -> set[str]:
    """Give the names that a subscriber listens to."""
    context = subscriber.get_log_context(None)
    names = (context.get(key) for key in ("topic", "queue", "subject", "channel"))
    return {str(name) for name in names if name}


async def positioned(subscribers: Iterable[Any]) -> None:
    """Wait until aiokafka knows where the topics end, from where it starts.

    It asks the server in the background: what is sent before the answer is lost.
    """
    for subscriber in subscribers:
        for partition in subscriber.consumer.assignment():
            await subscriber.consumer.position(partition)


@asynccontextmanager
async def connected(*brokers: Any) -> AsyncIterator[WireDeliveries]:
    """Run brokers against their servers; what `in_memory` is without."""
    deliveries = WireDeliveries(brokers)

    class Count(BaseMiddleware[Any, Any]):
        """The innermost middleware, next to the client."""

        async def publish_scope(self, call_next: Callable[..., Any], cmd: Any) -> Any:
            count = len(cmd.batch_bodies) or 1
            deliveries.sent(cmd.destination, count)
            try:
                return await call_next(cmd)
            except Exception:
                deliveries.sent(cmd.destination, -count)
                raise

    process_message = SubscriberUsecase.process_message

    @functools.wraps(process_message)
    async def counted(self: Any, msg: Any) -> Any:
        error: BaseException | None = None
        try:
            return await process_message(self, msg)
        except BaseException as raised:
            error = raised
            raise
        finally:
            await deliveries.handled(error)

    with mock.patch.object(SubscriberUsecase, "process_message", counted):
        async with AsyncExitStack() as stack:
            for broker in brokers:
                broker.add_middleware(Count)
                await stack.enter_async_context(broker)
                await broker.start()
                if isinstance(broker, KafkaBroker):
                    await positioned(broker.subscribers)
            yield deliveries
            await deliveries.settled()
