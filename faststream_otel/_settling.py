"""Opt-in spans of acknowledgement: ack, nack and reject, by hand or by FastStream."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context as otel_context

from faststream_otel import _conventions as conventions
from faststream_otel._delivery import restore
from faststream_otel._faults import FAULTS, tell_once
from faststream_otel._operation import StartedOperation
from faststream_otel._recording import is_suppressed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from faststream import StreamMessage

    from faststream_otel._conventions import Operation
    from faststream_otel._messages import Messages
    from faststream_otel._telemetry import Telemetry

_OPERATIONS: Final = (conventions.ACK, conventions.NACK, conventions.REJECT)


def trace_settlement(
    message: StreamMessage[Any],
    received: StartedOperation,
    telemetry: Telemetry,
    messages: Messages[Any, Any],
) -> None:
    """Record a span each time that `message` is really settled.

    FastStream settles most messages after all middlewares have been left, so it is
    the message's own methods that are wrapped.

    Args:
        message: The parsed message.
        received: How it was received, for the span's attributes.
        telemetry: Where it is recorded.
        messages: Knows whether the broker is told of a settlement at all.
    """
    # To reject is to acknowledge with some brokers: that is one settlement, not two.
    underway: set[Operation] = set()

    def begin(operation: Operation) -> StartedOperation | None:
        before = otel_context.get_current()
        try:
            if is_suppressed(before) or not messages.settles(message, operation):
                return None
            attributes = {**received.particular}
            return StartedOperation(
                telemetry, operation, received.destination, attributes, before
            )
        except FAULTS:
            tell_once("Tracing of a settlement")
            return None

    def traced(
        settle: Callable[..., Awaitable[None]], operation: Operation
    ) -> Callable[..., Awaitable[None]]:
        @functools.wraps(settle)
        async def wrapper(*args: Any, **kwargs: Any) -> None:
            settling = None if underway else begin(operation)
            if settling is None:
                await settle(*args, **kwargs)
                return
            token = otel_context.attach(settling.context)
            underway.add(operation)
            try:
                await settle(*args, **kwargs)
            except BaseException as error:
                settling.end(error)
                raise
            finally:
                underway.discard(operation)
                restore(token)
                settling.end()

        return wrapper

    for operation in _OPERATIONS:
        settle = getattr(message, operation.name)
        setattr(message, operation.name, traced(settle, operation))
