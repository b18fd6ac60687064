"""FastStream's private parts, all that this package uses of them.

`tests/test_faststream.py` fails when one of them changes.
"""

from __future__ import annotations

import functools
import gc
import inspect
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from faststream._internal.broker import BrokerUsecase
from faststream._internal.endpoint.subscriber import SubscriberUsecase
from opentelemetry import context as otel_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from fast_depends.library.serializer import SerializerProto

    Subscriber = SubscriberUsecase[Any]
    Broker = BrokerUsecase[Any, Any, Any]


class Delivery:
    """A message on its way through a subscriber.

    Args:
        subscriber: Whose handlers get it.
        message: What the client delivered.
    """

    __slots__ = (
        "batch_baggage",
        "call_next",
        "creations",
        "message",
        "subscriber",
        "thread_baggage",
    )

    def __init__(self, subscriber: Subscriber, message: object) -> None:
        self.subscriber = subscriber
        self.message = message
        # Trace and span id of each context that came along.
        self.creations: AbstractSet[tuple[int, int]] = frozenset()
        self.batch_baggage: Sequence[Mapping[str, Any]] = ()
        self.call_next: Callable[..., Any] | None = None
        self.thread_baggage: Mapping[str, Any] | None = None

    def runs_in_thread(self) -> bool:
        """Whether the handler is no coroutine: FastStream runs it in a thread then."""
        handler = getattr(_running(self.call_next), "_original_call", None)
        # A router of FastAPI puts a coroutine around the function.
        return handler is not None and not inspect.iscoroutinefunction(
            inspect.unwrap(handler)
        )


current_delivery: ContextVar[Delivery | None] = ContextVar(
    "faststream_otel_delivery", default=None
)


def current_subscriber() -> Subscriber | None:
    """Give the subscriber whose message is being handled."""
    delivery = current_delivery.get()
    return delivery.subscriber if delivery else None


def install() -> None:
    """Wrap the two methods that have no public hook, once.

    `SubscriberUsecase.process_message`: FastStream's own log lines and its
    acknowledgement come after every middleware has been left, and belong to the
    message nonetheless. So a middleware leaves its span current, and this wrapper
    puts back what was current before. It also tells a middleware whether a message
    is being delivered to a handler or was fetched by `get_one` or `request`.

    `BrokerUsecase.connect`: a middleware is not told which broker it serves, and the
    broker's address belongs on each span.
    """
    if not hasattr(SubscriberUsecase.process_message, "__wrapped__"):
        SubscriberUsecase.process_message = _delivering(  # type: ignore[method-assign]
            SubscriberUsecase.process_message
        )
        BrokerUsecase.connect = _binding(  # type: ignore[method-assign]
            BrokerUsecase.connect
        )


def _delivering(process_message: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(process_message)
    async def wrapper(self: Subscriber, msg: Any) -> Any:
        delivery = current_delivery.set(Delivery(self, msg))
        before = otel_context.attach(otel_context.get_current())
        try:
            return await process_message(self, msg)
        finally:
            otel_context.detach(before)
            current_delivery.reset(delivery)

    return wrapper


def _binding(connect: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(connect)
    async def wrapper(self: Broker) -> Any:
        # By now its routers are included.
        _show(self)
        for middleware in middlewares(self):
            bind = getattr(middleware, "_bind", None)
            if bind is not None:
                bind(self)
        return await connect(self)

    return wrapper


_watchers: list[Callable[[Broker], object]] = []


def watch(watcher: Callable[[Broker], object]) -> None:
    """Show every broker to `watcher`, who must not raise, until `unwatch`.

    Those that are there at once, each other one when it is made, and each again when
    it connects. FastStream keeps no list of brokers, and has no hook for a new one.
    """
    if not hasattr(BrokerUsecase.__init__, "__wrapped__"):
        BrokerUsecase.__init__ = _making(  # type: ignore[method-assign]
            BrokerUsecase.__init__
        )
    _watchers.append(watcher)
    for thing in gc.get_objects():
        # isinstance() would ask the object, which may be a proxy that then does work.
        if issubclass(type(thing), BrokerUsecase):
            watcher(thing)


def unwatch(watcher: Callable[[Broker], object]) -> None:
    """Show no broker to `watcher` any more."""
    _watchers.remove(watcher)


def _making(initialize: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(initialize)
    def wrapper(self: Broker, *args: Any, **kwargs: Any) -> None:
        initialize(self, *args, **kwargs)
        _show(self)

    return wrapper


def _show(broker: Broker) -> None:
    for watcher in _watchers:
        watcher(broker)


def remove_middleware(broker: Broker, middleware: object) -> None:
    """Undo `broker.insert_middleware`, which FastStream has no method for."""
    config = broker.config.broker_config
    config.broker_middlewares = tuple(
        each for each in config.broker_middlewares if each is not middleware
    )


def middlewares(broker: Broker) -> Iterator[object]:
    """Every middleware of `broker`, those of its routers included."""
    yield from broker.middlewares
    for endpoint in (*broker.subscribers, *broker.publishers):
        yield from endpoint._outer_config.broker_middlewares


def server(broker: Broker, default_port: int) -> tuple[str, int] | None:
    """Give the address and port of `broker`, of the first of several.

    Args:
        broker: A broker, connected or not.
        default_port: The port that its client takes where the address has none.

    Returns:
        None where the broker has no address that can be read.
    """
    url = next(iter(broker.specification.url), "")
    try:
        # A Kafka address has no scheme, and without one it would be read as a path.
        parts = urlsplit(url if "://" in url else f"//{url}")
        return (parts.hostname, parts.port or default_port) if parts.hostname else None
    except ValueError:
        return None


def connection_option(broker: Broker, name: str) -> object:
    """Give what the client of `broker` is told when it connects; None if it is not."""
    return broker._connection_kwargs.get(name)


def serializer(broker: Broker) -> SerializerProto | None:
    """Give what `broker` encodes bodies with."""
    return broker.config.fd_config._serializer


def producers(brokers: Iterable[Broker]) -> Iterator[Any]:
    """What sends the messages of `brokers`: in a test, their stand-ins."""
    for broker in brokers:
        yield broker.config.producer
        # Publishers of Redis have one each.
        for publisher in broker.publishers:
            if hasattr(publisher, "producer"):
                yield publisher.producer


def prefix(subscriber: Subscriber) -> str:
    """Give what the routers of `subscriber` put before its destination."""
    return subscriber._outer_config.prefix


def handler_name(subscriber: Subscriber) -> str | None:
    """Give the full name of the function that handles a subscriber's messages.

    Returns:
        None where there are several, told apart by filters that have yet to run.
    """
    if len(subscriber.calls) != 1:
        return None
    return _qualified(subscriber.calls[0].handler)


def running_handler_name(call_next: Callable[..., Any]) -> str | None:
    """Give the full name of the handler that a consume scope is about to call."""
    return _qualified(_running(call_next))


def sends_batch(call_next: Callable[..., Any]) -> bool:
    """Whether a publish scope is inside `publish_batch`."""
    return bool(_innermost(call_next).__name__ == "publish_batch")


def _innermost(call_next: Any) -> Any:
    """Give what the last of the middlewares will call."""
    while isinstance(call_next, functools.partial):
        call_next = call_next.args[0]
    return call_next


def _running(call_next: Callable[..., Any] | None) -> object:
    return getattr(_innermost(call_next), "__self__", None)


def _qualified(handler: object) -> str | None:
    function = getattr(handler, "_original_call", None)
    name = getattr(function, "__qualname__", None)
    return f"{function.__module__}.{name}" if name else None
