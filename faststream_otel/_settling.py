"""Opt-in spans of acknowledgement: ack, nack and reject, by hand or by FastStream."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context

from faststream_otel import _conventions as conventions
from faststream_otel import _spans
from faststream_otel._running import Running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from faststream import StreamMessage

    from faststream_otel._arrival import Arrival
    from faststream_otel._conventions import Operation
    from faststream_otel._middleware import TelemetryMiddleware

_OPERATIONS = (conventions.ACK, conventions.NACK, conventions.REJECT)


def trace(
    message: StreamMessage[Any],
    arrival: Arrival,
    telemetry: TelemetryMiddleware[Any, Any],
) -> None:
    """Record a span each time that `message` is really settled.

    FastStream settles most messages after all middlewares have been left, so it is
    the message's own methods that are wrapped.

    Args:
        message: The parsed message.
        arrival: What is known of it, for the span's attributes.
        telemetry: Knows whether the broker is told of a settlement at all.
    """
    # To reject is to acknowledge with some brokers: that is one settlement, not two.
    underway: set[Operation] = set()
    for operation in _OPERATIONS:
        settle = getattr(message, operation.name)
        setattr(
            message,
            operation.name,
            _traced(settle, operation, message, arrival, telemetry, underway),
        )


def _traced(
    settle: Callable[..., Awaitable[None]],
    operation: Operation,
    message: StreamMessage[Any],
    arrival: Arrival,
    telemetry: TelemetryMiddleware[Any, Any],
    underway: set[Operation],
) -> Callable[..., Awaitable[None]]:
    @functools.wraps(settle)
    async def wrapper(*args: Any, **kwargs: Any) -> None:
        before = otel_context.get_current()
        if (
            underway
            or _spans.is_suppressed(before)
            or not telemetry._settles(message, operation)
        ):
            await settle(*args, **kwargs)
            return
        attributes = {**arrival.attributes}
        if conventions.BATCH_MESSAGE_COUNT not in attributes:
            attributes[conventions.MESSAGE_ID] = telemetry._message_id(message)
            attributes[conventions.MESSAGE_CONVERSATION_ID] = message.correlation_id
        settling = Running(
            telemetry, operation, arrival.destination, attributes, before
        )
        token = otel_context.attach(settling.context)
        underway.add(operation)
        try:
            await settle(*args, **kwargs)
        except BaseException as error:
            settling.end(error)
            raise
        finally:
            underway.discard(operation)
            otel_context.detach(token)
            settling.end()

    return wrapper
