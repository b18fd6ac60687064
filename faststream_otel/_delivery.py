"""What is under way in this task: a delivery, what was fetched, and what is sent."""

from __future__ import annotations

import functools
import weakref
from collections import deque
from contextvars import ContextVar
from threading import current_thread
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import baggage
from opentelemetry import context as otel_context
from opentelemetry.context import Context

from faststream_otel._faststream import is_in_memory
from faststream_otel._headers import fingerprint, fingerprints
from faststream_otel._recording import SUPPRESSED, SUPPRESSED_BEFORE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextvars import Token

    from faststream import StreamMessage

    from faststream_otel._faststream import Subscriber

_MOST_FETCHED: Final = 256


class Delivery:
    """A message on its way through a subscriber.

    Args:
        subscriber: Whose handlers get it.
        message: What the client delivered.

    Attributes:
        subscriber: Whose handlers get it.
        message: What the client delivered.
        scope: The scope that records it: that of the outermost middleware.
        headers: Those of the message, or of each message of a batch, once described.
        batch_baggage: The baggage of each message of a batch.
        pending_baggage: What a function that runs in a thread has set, until the
            event loop's thread makes it current.
    """

    __slots__ = (
        "_came_along",
        "_fetched",
        "batch_baggage",
        "headers",
        "message",
        "pending_baggage",
        "scope",
        "subscriber",
    )

    def __init__(self, subscriber: Any, message: object) -> None:
        self.subscriber = subscriber
        self.message = message
        self.scope: object = None
        self.headers: Sequence[Mapping[Any, Any]] = ()
        self.batch_baggage: Sequence[Mapping[str, Any]] = ()
        self.pending_baggage: Mapping[str, Any] | None = None
        self._came_along: set[int] | None = None
        self._fetched: deque[set[int]] | None = None

    def brought(self, header: int) -> bool:
        """Whether a header, by its fingerprint, came with the message.

        Or with one that was fetched while it is handled.
        """
        if self._came_along is None:
            self._came_along = set().union(*map(fingerprints, self.headers))
        return header in self._came_along or any(
            header in each for each in self._fetched or ()
        )

    @property
    def fetched(self) -> deque[set[int]]:
        """The context headers of messages that were fetched last."""
        if self._fetched is None:
            self._fetched = deque(maxlen=_MOST_FETCHED)
        return self._fetched

    def adopt_baggage(self) -> None:
        """Make current what a function in a thread has set."""
        entries = self.pending_baggage
        if entries is not None:
            self.pending_baggage = None
            otel_context.attach(with_baggage(entries, otel_context.get_current()))


current_delivery: ContextVar[Delivery | None] = ContextVar(
    "faststream_otel_delivery", default=None
)


def current_subscriber() -> Any:
    """Give the subscriber whose message is being handled, None if there is none."""
    delivery = current_delivery.get()
    return delivery.subscriber if delivery else None


# The context headers of messages that were fetched outside of a delivery: of the last
# ones in this task, and of those that still exist, which another task may have fetched.
_fetched_here: ContextVar[tuple[set[int], ...]] = ContextVar(
    "faststream_otel_fetched", default=()
)
_fetched: dict[int, tuple[weakref.ref[Any], set[int]]] = {}


def fetched(message: StreamMessage[Any], carried: Mapping[Any, Any]) -> None:
    """Remember the context headers of a message that the application fetched.

    Args:
        message: The parsed message.
        carried: Its headers that carry context.
    """
    if not carried:
        return
    headers, key = fingerprints(carried), id(message)
    reference = weakref.ref(message, lambda _: _fetched.pop(key, None))
    _fetched[key] = reference, headers
    delivery = current_delivery.get()
    if delivery is not None:
        delivery.fetched.append(headers)
    else:
        _fetched_here.set((*_fetched_here.get()[1 - _MOST_FETCHED :], headers))


def came_along(name: str, value: object) -> bool:
    """Whether a header came with the current delivery, or with a fetched message."""
    header = fingerprint(name, value)
    delivery = current_delivery.get()
    if delivery is not None and delivery.brought(header):
        return True
    return any(header in each for each in _fetched_here.get()) or any(
        header in each for _, each in list(_fetched.values())
    )


def runs_in_thread() -> bool:
    """Whether the caller is a handler or a dependency that is no coroutine.

    FastStream runs these in threads of AnyIO, in a copy of the context.
    """
    return type(current_thread()).__module__.startswith("anyio.")


def with_baggage(entries: Mapping[str, Any], context: Context) -> Context:
    """Give `context` with these baggage entries instead of those it has."""
    context = baggage.clear(context)
    for key, value in entries.items():
        context = baggage.set_baggage(key, value, context)
    return context


def delivering(process_message: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `process_message`, so that each message begins clean and leaves nothing.

    Args:
        process_message: FastStream's, or what somebody else made of it.
    """

    @functools.wraps(process_message)
    async def wrapper(self: Subscriber, msg: Any) -> Any:
        before = current_delivery.get()
        if before is not None and before.message is msg and before.subscriber is self:
            # Somebody else's wrapper hid that ours is there already.
            return await process_message(self, msg)
        context = otel_context.get_current()
        delivery = current_delivery.set(Delivery(self, msg))
        if context:
            # Nothing of what the subscriber was started in belongs to a message.
            otel_context.attach(_beginning(self, context))
        try:
            return await process_message(self, msg)
        finally:
            if reset(delivery):
                otel_context.attach(context)

    return wrapper


_EMPTY: Final = Context()


def _beginning(subscriber: Subscriber, current: Context) -> Context:
    """Give the context in which a delivery begins: an empty one.

    FastStream's test brokers deliver inside the call that publishes: what suppresses
    telemetry there suppresses that of the delivery.
    """
    suppressed = current.get(SUPPRESSED) or current.get(SUPPRESSED_BEFORE)
    if not suppressed or not is_in_memory(subscriber):
        return _EMPTY
    return Context({SUPPRESSED: suppressed})


def restore(token: Token[Any]) -> None:
    """Put back what was current before `attach`.

    A coroutine that is closed with its event loop may be closed in another context:
    there is nothing to put back then, and nothing to log.
    """
    try:
        token.var.reset(token)
    except ValueError:
        return
    except AttributeError:
        # Of another runtime of the API's than the one of context variables.
        otel_context.detach(token)


def reset(token: Token[Any]) -> bool:
    """Put back what a variable was; tell whether that is still possible."""
    try:
        token.var.reset(token)
    except ValueError:
        return False
    return True


# What the outermost of two middlewares records: a command or a raw message.
under_way: ContextVar[object] = ContextVar("faststream_otel_under_way", default=None)


async def once(
    cmd: Any,
    call_next: Callable[[Any], Awaitable[Any]],
    publish: Callable[[Callable[[Any], Awaitable[Any]], Any], Awaitable[Any]],
) -> Any:
    """Publish a command, unless a middleware further out does so already.

    Args:
        cmd: What is sent.
        call_next: What sends it.
        publish: Sends it by `call_next`, and records that.
    """
    if under_way.get() is cmd:
        return await call_next(cmd)
    token = under_way.set(cmd)
    try:
        return await publish(call_next, cmd)
    finally:
        restore(token)
