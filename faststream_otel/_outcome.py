"""How an operation ended: well, with an error, or with a decision of the handler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from faststream.exceptions import (
    AckMessage,
    NackMessage,
    RejectMessage,
    SkipMessage,
    StopConsume,
)
from opentelemetry.trace import Status, StatusCode

from faststream_otel import _conventions as conventions

if TYPE_CHECKING:
    from opentelemetry.trace import Span

# FastStream's instructions are raised like errors, but the handler meant them.
_DECISIONS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (AckMessage, "ack"),
    (NackMessage, "nack"),
    (RejectMessage, "reject"),
    (SkipMessage, "skip"),
    (StopConsume, "stop_consume"),
    # FastStream's StopApplication is a SystemExit too.
    (SystemExit, "stop_application"),
)


def error_type(error: BaseException) -> str:
    """Give `error.type`: the full name of the exception's class.

    The module of built-in exceptions is left out, as the SDK does in
    `exception.type`.
    """
    kind = type(error)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def decision(error: BaseException) -> str | None:
    """Give the decision that `error` stands for, None if it is an error."""
    for kind, name in _DECISIONS:
        if isinstance(error, kind):
            return name
    return None


def record(span: Span, error: BaseException, *, event: bool) -> None:
    """Record on `span` what ended its operation.

    Args:
        span: The span that is about to end.
        error: What was raised; a decision leaves the span's status unset.
        event: Whether the span gets an event of the exception.
    """
    decided = decision(error)
    if decided is not None:
        span.set_attribute(conventions.FASTSTREAM_DECISION, decided)
        return
    span.set_attribute(conventions.ERROR_TYPE, error_type(error))
    if event:
        span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, str(error)))
