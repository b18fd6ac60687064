"""FastStream's in-memory brokers, with deliveries as a real broker makes them."""

from __future__ import annotations

import asyncio
import functools
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import Context, ContextVar
from copy import copy, deepcopy
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest import mock

from faststream import Response
from faststream.exceptions import SubscriberNotFound

from faststream_otel._faststream import producers
from faststream_otel.testing import _answers, _redelivery
from faststream_otel.testing._competition import Competition, Sent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence

    from faststream_otel._faststream import Broker


class _Sent(Sent):
    """A message that is being published.

    Args:
        correlation_id: What joins it with its answer.
    """

    def __init__(self, correlation_id: str | None) -> None:
        super().__init__()
        self.correlation_id = correlation_id
        self.has_begun: asyncio.Future[None] | None = None

    def wait(self) -> asyncio.Future[None]:
        """Give what is done when the message is encoded."""
        self.has_begun = asyncio.get_running_loop().create_future()
        return self.has_begun

    def begun(self, error: BaseException | None = None) -> None:
        """Say that the message is encoded, or cannot be."""
        if self.has_begun is None or self.has_begun.done():
            return
        if error is None:
            self.has_begun.set_result(None)
        else:
            self.has_begun.set_exception(error)


# What is being delivered, in the task that finds its handlers.
_SENT: ContextVar[_Sent] = ContextVar("sent")


def _in_turn(subscriber: Any) -> bool:
    """Whether others get a message only if this subscriber did not take it."""
    stream = getattr(subscriber, "stream_sub", None)
    return stream is not None and bool(stream.group)


class Deliveries:
    """The messages that are on their way to their handlers.

    Attributes:
        errors: The exceptions that handlers raised. As with a real broker, the
            publisher does not see them.
    """

    def __init__(self, subscribers: Sequence[Any] = ()) -> None:
        self.errors: list[BaseException] = []
        self._competition = Competition(subscribers)
        self._in_turn = any(map(_in_turn, subscribers))
        self._tasks: set[asyncio.Task[Any]] = set()
        self._requests = 0

    async def settled(self) -> None:
        """Wait until all messages, and those that follow from them, are handled."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _sending(
        self, send: Callable[[Any], Coroutine[Any, Any, Any]]
    ) -> Callable[[Any], Any]:
        """Let `send` encode a message, and return when it is on its way.

        FastStream's test brokers encode it first, and then call its handlers: these
        run later (`_handling`). What cannot be encoded raises here, as with a server.
        """

        @functools.wraps(send)
        async def publish(cmd: Any) -> None:
            sent = _Sent(cmd.correlation_id)
            before = _SENT.set(sent)
            if type(cmd.headers) is dict:
                # FastStream's message for RabbitMQ has the publisher's own.
                cmd = copy(cmd)
                cmd.headers = deepcopy(cmd.headers)
            try:
                # A task of its own inherits what is set here.
                await (self._begun(send(cmd), sent) if self._in_turn else send(cmd))
            except SubscriberNotFound as error:
                # A server drops the message, and tells nobody.
                self.errors.append(error)
            finally:
                self._competition.published(sent)
                _SENT.reset(before)

        return publish

    async def _begun(self, delivered: Coroutine[Any, Any, Any], sent: _Sent) -> None:
        """Wait until a message is encoded, but not for those who handle it in turn."""
        has_begun = sent.wait()
        task = asyncio.ensure_future(delivered)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

        def ended(task: asyncio.Task[Any]) -> None:
            if has_begun.done():
                self._note_error(task)
            else:
                sent.begun(None if task.cancelled() else task.exception())

        task.add_done_callback(ended)
        await has_begun

    def _handling(self, subscriber: Any) -> Callable[[Any], Awaitable[Any]]:
        """Let `subscriber` handle a message while others handle it, too.

        FastStream's test brokers call one handler after the other.
        """
        process = subscriber.process_message
        in_turn = _in_turn(subscriber)

        @functools.wraps(process)
        async def process_message(msg: Any) -> Any:
            sent = _SENT.get(None)
            if sent is None:  # a request, which waits for what its handler returns
                return await process(msg)
            if not self._competition.takes(subscriber, sent):
                return Response(None, correlation_id=sent.correlation_id)
            sent.begun()
            handled = self._start(
                self._handle(process, subscriber, msg), remember_error=not in_turn
            )
            if not in_turn:
                return Response(None, correlation_id=sent.correlation_id)
            # In a group of Redis, how one has handled it says whether another may.
            try:
                return await handled
            except Exception as error:
                self.errors.append(error)
                return Response(None)

        return process_message

    async def _handle(
        self, process: Callable[[Any], Awaitable[Any]], subscriber: Any, msg: Any
    ) -> Any:
        """Let a subscriber handle a message."""
        return await _redelivery.handle(process, subscriber, msg, self.errors.append)

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
    """Run brokers without a server, and deliver messages as a server would.

    FastStream's test brokers call a handler inside the call that publishes its
    message. Here, as with a server, a message is encoded when it is published,
    publishing returns at once, and each handler runs in a task and a context of its
    own. If subscribers compete for messages, as they do at one RabbitMQ queue, only one
    of them receives each message. A nacked message is delivered again if a server would
    do so, at most ten times. The reply that a handler publishes answers a request, if
    FastStream's real broker has requests.

    Args:
        brokers: Brokers of any kind; those of the same kind share their messages.

    Yields:
        The deliveries; all of them have been handled when the block ends.
    """
    subscribers = [each for broker in brokers for each in broker.subscribers]
    deliveries = Deliveries(subscribers)
    async with AsyncExitStack() as stack:
        stack.enter_context(_redelivery.noticing(map(_package, brokers)))
        for test_broker, group in _by_test_broker(brokers).items():
            await stack.enter_async_context(test_broker(*group, connect_only=False))
        for producer in producers(brokers):
            producer.request = deliveries._apart(producer)
            producer.publish = deliveries._sending(producer.publish)
            if hasattr(producer, "publish_batch"):
                producer.publish_batch = deliveries._sending(producer.publish_batch)
        for subscriber in subscribers:
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
    kind = _own_class(broker)
    module = import_module(f"faststream.{_package(broker)}")
    test_broker: Callable[..., Any] = getattr(module, f"Test{kind.__name__}")
    return test_broker


def _package(broker: Broker) -> str:
    """FastStream's package of a broker: `nats`."""
    return _own_class(broker).__module__.split(".")[1]


def _own_class(broker: Broker) -> type[Any]:
    """FastStream's class of a broker, which an application may have derived from."""
    for kind in type(broker).__mro__:
        if kind.__module__.partition(".")[0] == "faststream":
            return kind
    raise TypeError(f"{broker!r} is not a FastStream broker")
