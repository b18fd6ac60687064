"""FastStream's in-memory brokers, with deliveries as a real broker makes them."""

from __future__ import annotations

import asyncio
import functools
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import Context, ContextVar
from copy import copy
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest import mock

from faststream import Response

from faststream_otel._faststream import producers
from faststream_otel.testing import _answers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from faststream_otel._faststream import Broker


# What is being delivered, in the task that finds its handlers.
_SENT: ContextVar[Any] = ContextVar("sent")


class Deliveries:
    """The messages that are on their way to their handlers.

    Attributes:
        errors: What handlers raised; with a real broker a publisher never sees it.
    """

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._requests = 0

    async def settled(self) -> None:
        """Wait until every message, and every message that it led to, was handled."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _later(self, send: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Any]:
        """Make `send` return at once, and deliver in a task and context of its own."""

        async def deliver(cmd: Any) -> None:
            _SENT.set(cmd)
            await send(cmd)

        @functools.wraps(send)
        async def publish(cmd: Any) -> None:
            # As it is now: once it is sent, telemetry takes its headers back.
            self._start(deliver(copy(cmd)))

        return publish

    def _handling(self, subscriber: Any) -> Callable[[Any], Awaitable[Any]]:
        """Let `subscriber` handle a message while others handle it, too.

        FastStream's test brokers call one handler after the other.
        """
        process = subscriber.process_message
        stream = getattr(subscriber, "stream_sub", None)

        @functools.wraps(process)
        async def process_message(msg: Any) -> Any:
            cmd = _SENT.get(None)
            if cmd is None:  # a request, which waits for what its handler returns
                return await process(msg)
            # In a group of Redis, how one has handled it says whether another may.
            in_turn = stream is not None and bool(stream.group)
            handled = self._start(
                self._handle(process, msg), remember_error=not in_turn
            )
            if in_turn:
                return await handled
            return Response(None, correlation_id=cmd.correlation_id)

        return process_message

    async def _handle(self, process: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        """Let a subscriber handle a message."""
        return await process(msg)

    def _apart(self, producer: Any) -> Callable[[Any], Any]:
        """Let `producer` deliver requests in a task and context of their own."""
        ask, publish = producer.request, producer.publish

        def deliver(sent: Awaitable[Any]) -> asyncio.Task[Any]:
            return self._start(sent, remember_error=False)

        @functools.wraps(ask)
        async def request(cmd: Any) -> Any:
            self._requests += 1
            address = _answers.inbox(producer, self._requests)
            if address is None:
                return await deliver(ask(cmd))
            return await _answers.request(producer, cmd, address, deliver, publish)

        return request

    def _start(
        self, sent: Awaitable[Any], *, remember_error: bool = True
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = Context().run(asyncio.ensure_future, sent)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if remember_error:
            task.add_done_callback(self._note_error)
        return task

    def _note_error(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.errors.append(error)


@asynccontextmanager
async def in_memory(*brokers: Broker) -> AsyncIterator[Deliveries]:
    """Run brokers without a server, and deliver messages as one would.

    FastStream's test brokers call a handler inside the call that published its
    message. Here, as with a server, publishing returns at once, and each handler
    runs in a task and a context of its own. A request is answered by the reply that
    its handler publishes, where FastStream's real broker has requests.

    Args:
        brokers: Brokers of any kinds, connected to each other if of the same kind.

    Yields:
        The deliveries, all of which have been handled when the block is left.
    """
    deliveries = Deliveries()
    async with AsyncExitStack() as stack:
        for test_broker, group in _by_test_broker(brokers).items():
            await stack.enter_async_context(test_broker(*group, connect_only=False))
        for producer in producers(brokers):
            producer.request = deliveries._apart(producer)
            producer.publish = deliveries._later(producer.publish)
            if hasattr(producer, "publish_batch"):
                producer.publish_batch = deliveries._later(producer.publish_batch)
        for subscriber in (each for broker in brokers for each in broker.subscribers):
            handling = deliveries._handling(subscriber)
            stack.enter_context(
                mock.patch.object(subscriber, "process_message", handling)
            )
        yield deliveries
        await deliveries.settled()


def _by_test_broker(
    brokers: tuple[Broker, ...],
) -> dict[Callable[..., Any], list[Broker]]:
    grouped: dict[Callable[..., Any], list[Broker]] = {}
    for broker in brokers:
        grouped.setdefault(_test_broker(broker), []).append(broker)
    return grouped


def _test_broker(broker: Broker) -> Callable[..., Any]:
    """Find FastStream's test broker for `broker`: `TestNatsBroker` for `NatsBroker`."""
    for kind in type(broker).__mro__:
        package, _, rest = kind.__module__.partition(".")
        if package == "faststream":
            module = import_module(f"faststream.{rest.partition('.')[0]}")
            test_broker: Callable[..., Any] = getattr(module, f"Test{kind.__name__}")
            return test_broker
    raise TypeError(f"{broker!r} is no broker of FastStream's")
