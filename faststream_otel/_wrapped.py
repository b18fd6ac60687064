"""What this package wraps in FastStream, which has no public hook for it.

Each wrapper is looked for again when a broker connects: somebody else may have replaced
it, or wrapped it once more. `tests/test_faststream.py` fails when FastStream changes.
"""

from __future__ import annotations

import functools
import gc
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from faststream._internal.broker import BrokerUsecase
from faststream._internal.endpoint.subscriber import SubscriberUsecase
from faststream._internal.parser import DefaultCodec
from opentelemetry import context as otel_context
from opentelemetry.context import Context

from faststream_otel._delivery import Delivery, current_delivery
from faststream_otel._faststream import is_in_memory
from faststream_otel._faults import warn_once
from faststream_otel._suppression import suppression_alone

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextvars import Token

    from faststream_otel._faststream import Broker, Subscriber


def install(on_connect: Callable[[Broker], None]) -> None:
    """Wrap the two methods that have no public hook, if they are not wrapped.

    `SubscriberUsecase.process_message`: FastStream's own log lines and its
    acknowledgement come after every middleware has been left, and belong to the
    message nonetheless. So a middleware leaves its span current, and this wrapper
    puts back what was current before. It also tells a middleware whether a message
    is being delivered to a handler or was fetched by `get_one` or `request`.

    `BrokerUsecase.connect`: a middleware is not told which broker it serves, and the
    broker's address belongs on each span.

    Args:
        on_connect: Called with each broker that is about to connect. What it raises
            reaches whoever connects the broker.
    """
    if on_connect not in _on_connect:
        _on_connect.append(on_connect)
    _wrap(SubscriberUsecase, "process_message", _delivering)
    _wrap(BrokerUsecase, "connect", _connecting)


_on_connect: list[Callable[[Broker], None]] = []
_wrapped: set[tuple[type, str]] = set()
# Ours, and not those of another copy of this package that was imported before.
_wrappers: list[object] = []


def _wrap(
    owner: Any, name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> None:
    """Wrap a method, unless our wrapper is there or inside of somebody else's."""
    current = getattr(owner, name)
    each = current
    while each is not None:
        if any(each is ours for ours in _wrappers):
            return
        each = getattr(each, "__wrapped__", None)
    if (owner, name) in _wrapped:
        warn_once(
            f"{owner.__name__}.{name} was replaced by "
            f"{getattr(current, '__module__', '?')}, and is wrapped anew. Wrap it with "
            "functools.wraps, and call what was there before."
        )
    _wrapped.add((owner, name))
    wrapper = wrap(current)
    _wrappers.append(wrapper)
    setattr(owner, name, wrapper)


def _delivering(process_message: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(process_message)
    async def wrapper(self: Subscriber, msg: Any) -> Any:
        before = current_delivery.get()
        if before is not None and before.message is msg and before.subscriber is self:
            # Somebody else's wrapper hid that ours is there already.
            return await process_message(self, msg)
        delivery = current_delivery.set(Delivery(self, msg))
        # Nothing of what the subscriber was started in belongs to a message.
        context = otel_context.attach(_context_of(self))
        try:
            return await process_message(self, msg)
        finally:
            restore(context)
            _reset(delivery)

    return wrapper


_EMPTY: Final = Context()


def _context_of(subscriber: Subscriber) -> Context:
    """Give the context in which a delivery begins: an empty one.

    FastStream's test brokers deliver inside the call that publishes: what suppresses
    telemetry there suppresses that of the delivery.
    """
    current = otel_context.get_current()
    if not current:
        return _EMPTY
    suppression = suppression_alone(current)
    if not suppression or not is_in_memory(subscriber):
        return _EMPTY
    return Context(suppression)


def restore(token: Token[Any]) -> None:
    """Put back what was current before `attach`.

    A coroutine that is closed with its event loop may be closed in another context:
    there is nothing to put back then, and nothing to log.
    """
    variable = getattr(token, "var", None)
    if variable is None:
        otel_context.detach(token)
    else:
        _reset(token)


def _reset(token: Token[Any]) -> None:
    try:
        token.var.reset(token)
    except ValueError:
        return


def _connecting(connect: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(connect)
    async def wrapper(self: Broker) -> Any:
        # By now its routers are included.
        _show(self)
        for prepare in _on_connect:
            prepare(self)
            install(prepare)
        return await connect(self)

    return wrapper


_watchers: list[Callable[[Broker], object]] = []


def watch(watcher: Callable[[Broker], object]) -> None:
    """Show every broker to `watcher`, who must not raise, until `unwatch`.

    Those that are there at once, each other one when it is made, and each again when
    it connects. FastStream keeps no list of brokers, and has no hook for a new one.
    """
    _wrap(BrokerUsecase, "__init__", _making)
    _wrap(BrokerUsecase, "connect", _connecting)
    _watchers.append(watcher)
    for broker in _brokers():
        watcher(broker)


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


def _brokers() -> list[Broker]:
    """Find the brokers of this process.

    What `gc.freeze()` hid from the garbage collector is found where it is the value
    of a module; another one is shown when it connects.
    """
    classes: list[Any] = [BrokerUsecase]
    for each in classes:
        classes.extend(each.__subclasses__())
    holders: list[Any] = gc.get_referrers(*classes)
    if gc.get_freeze_count():
        for module in list(sys.modules.values()):
            holders.extend(list(getattr(module, "__dict__", {}).values()))
    # isinstance() would ask the object, which may be a proxy that then does work.
    found = {
        id(each): each for each in holders if issubclass(type(each), BrokerUsecase)
    }
    return list(found.values())


_sizes: ContextVar[list[int] | None] = ContextVar("faststream_otel_sizes", default=None)


def measure_encoding() -> None:
    """Let FastStream's codec tell the size of what it encodes.

    A body is encoded once, by FastStream: it may be an iterator, or count how often
    it is read. A codec of the application's own tells no sizes.
    """
    _wrap(DefaultCodec, "encode", _encoding)


def _encoding(encode: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(encode)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        encoded = await encode(*args, **kwargs)
        sizes = _sizes.get()
        if sizes is not None:
            sizes.append(len(encoded[0]))
        return encoded

    return wrapper


def begin_measuring() -> tuple[list[int], Token[list[int] | None]]:
    """Collect the sizes of the bodies that are encoded from now on, in bytes."""
    sizes: list[int] = []
    return sizes, _sizes.set(sizes)


def end_measuring(token: Token[list[int] | None]) -> None:
    """Collect no more sizes."""
    _reset(token)
