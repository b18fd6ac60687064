"""Messages that were nacked, in memory: delivered again where a server does that.

RabbitMQ puts back what is to be requeued, JetStream sends it again, and a consumer of a
Kafka group reads again from there, as does one that claims from a stream of Redis.
Core NATS, all else of Redis, and MQTT do not.
`tests/brokers/test_deliveries.py` compares this with their servers.
"""

from __future__ import annotations

import functools
import inspect
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    _ComesAgain = Callable[..., bool]

# A server goes on for ever, and a test is to end.
MOST: Final = 10


class _Delivery:
    """One delivery of a message to a subscriber."""

    def __init__(self, subscriber: Any) -> None:
        self.subscriber = subscriber
        self.comes_again = False


_delivery: ContextVar[_Delivery | None] = ContextVar("delivery", default=None)


def _requeued(_: _Delivery, *, requeue: bool, **__: Any) -> bool:
    """RabbitMQ: what is not to be dropped, or to go to a dead letter exchange."""
    return requeue


def _of_jetstream(delivery: _Delivery, **_: Any) -> bool:
    """NATS: what a stream keeps."""
    return bool(getattr(delivery.subscriber, "stream", None))


def _of_group(delivery: _Delivery, **_: Any) -> bool:
    """Kafka: the consumer goes back where it commits by itself."""
    return bool(delivery.subscriber.group_id)


def _of_claims(delivery: _Delivery, **_: Any) -> bool:
    """Redis: a consumer that claims what has been pending for long."""
    stream = getattr(delivery.subscriber, "stream_sub", None)
    return stream is not None and bool(stream.min_idle_time)


# By package: what a client is told by, and whether the message comes again then.
_REFUSALS: Final[dict[str, tuple[tuple[str, str, str, _ComesAgain], ...]]] = {
    "rabbit": (
        ("message", "RabbitMessage", "nack", _requeued),
        ("message", "RabbitMessage", "reject", _requeued),
    ),
    "nats": (("testing", "PatchedMessage", "nak", _of_jetstream),),
    "redis": (
        ("message", "RedisStreamMessage", "nack", _of_claims),
        ("message", "RedisBatchStreamMessage", "nack", _of_claims),
    ),
    "kafka": (("message", "KafkaAckableMessage", "nack", _of_group),),
    "confluent": (("message", "KafkaMessage", "nack", _of_group),),
}


@contextmanager
def noticing(packages: Iterable[str]) -> Iterator[None]:
    """Notice what brokers of these packages refuse while the block runs."""
    with ExitStack() as stack:
        for package in packages:
            for module, name, method, comes_again in _REFUSALS.get(package, ()):
                owner = getattr(import_module(f"faststream.{package}.{module}"), name)
                refuse = _noticed(getattr(owner, method), comes_again)
                stack.enter_context(mock.patch.object(owner, method, refuse))
        yield


def _noticed(
    refuse: Callable[..., Awaitable[Any]], comes_again: _ComesAgain
) -> Callable[..., Awaitable[Any]]:
    signature = inspect.signature(refuse)

    @functools.wraps(refuse)
    async def noticed(message: Any, *args: Any, **kwargs: Any) -> Any:
        delivery = _delivery.get()
        # Confluent has one class for those that commit by hand, and for others.
        by_hand = getattr(message, "is_manual", True)
        if delivery is not None and by_hand and not getattr(message, "committed", None):
            given = signature.bind(message, *args, **kwargs)
            given.apply_defaults()
            _, *options = given.arguments.items()
            delivery.comes_again = comes_again(delivery, **dict(options))
        return await refuse(message, *args, **kwargs)

    return noticed


async def handle(
    process: Callable[[Any], Awaitable[Any]],
    subscriber: Any,
    message: Any,
    note_error: Callable[[BaseException], object],
) -> Any:
    """Let a subscriber handle a message, and again when it comes again."""
    for _ in range(MOST):
        delivery = _Delivery(subscriber)
        _delivery.set(delivery)
        try:
            result = await process(message)
        except Exception as error:
            if not delivery.comes_again:
                raise
            note_error(error)
        else:
            if not delivery.comes_again:
                return result
        if hasattr(message, "redelivered"):
            # aio_pika's messages do not let themselves be changed.
            object.__setattr__(message, "redelivered", True)
    return await process(message)
