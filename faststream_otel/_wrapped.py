"""What this package wraps in FastStream, which has no public hook for it.

Each wrapper is looked for again when a broker connects: somebody else may have replaced
it, or wrapped it once more. `tests/test_faststream.py` fails when FastStream changes.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from faststream._internal.broker import BrokerUsecase
from faststream._internal.endpoint.subscriber import SubscriberUsecase
from faststream._internal.parser import DefaultCodec

from faststream_otel._delivery import delivering
from faststream_otel._faults import warn_once
from faststream_otel._measuring import encoding

if TYPE_CHECKING:
    from collections.abc import Callable

    from faststream_otel._faststream import Broker


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
    _wrap(SubscriberUsecase, "process_message", delivering)
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
    if _has_ours(current):
        return
    if (owner, name) in _wrapped:
        warn_once(
            f"{owner.__name__}.{name} was replaced by "
            f"{getattr(current, '__module__', '?')}, so it is wrapped again. To avoid "
            "this, wrap it with functools.wraps, and call the method that was there."
        )
    _wrapped.add((owner, name))
    wrapper = wrap(current)
    _wrappers.append(wrapper)
    setattr(owner, name, wrapper)


def _has_ours(method: object) -> bool:
    """Whether a method is our wrapper, or somebody else's around it."""
    while method is not None:
        if any(method is ours for ours in _wrappers):
            return True
        method = getattr(method, "__wrapped__", None)
    return False


def replaced() -> list[str]:
    """Name the methods that were wrapped, and that somebody else has replaced since."""
    return [
        f"{owner.__name__}.{name}, by {getattr(owner, name).__module__}"
        for owner, name in sorted(_wrapped, key=str)
        if not _has_ours(getattr(owner, name))
    ]


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
    import gc  # noqa: PLC0415 - a middleware does not need it

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


def measure_encoding() -> None:
    """Let FastStream's codec tell the sizes of what it encodes."""
    _wrap(DefaultCodec, "encode", encoding)
