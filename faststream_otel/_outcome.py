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
from faststream_otel._content import Told, type_name

if TYPE_CHECKING:
    from collections.abc import Container

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


class Outcome:
    """What ended an operation.

    Args:
        error: What was raised.
        declared: The names that the application gave to what a message holds.

    Attributes:
        decision: The decision that it stands for; None if it is an error.
        error_type: `error.type`: the full name of the exception's class; None if it
            is a decision.
    """

    __slots__ = ("_error", "_told", "decision", "error_type")

    def __init__(self, error: BaseException, declared: Container[str] = ()) -> None:
        self._error = error
        self.decision = _decision(error)
        self.error_type = None if self.decision else type_name(error)
        self._told = Told(error, declared)

    def record(self, span: Span, *, event: bool) -> None:
        """Record on `span` what ended its operation.

        Args:
            span: The span that is about to end.
            event: Whether the span gets an event of the exception.
        """
        if self.decision is not None:
            span.set_attribute(conventions.FASTSTREAM_DECISION, self.decision)
            return
        if self.error_type is not None:
            span.set_attribute(conventions.ERROR_TYPE, self.error_type)
        # The status comes first: it is what a search finds.
        span.set_status(Status(StatusCode.ERROR, self._told.message(self._error)))
        if event:
            span.add_event("exception", self.attributes())

    def attributes(self) -> dict[str, str]:
        """Describe the exception, for an event."""
        return {
            conventions.EXCEPTION_TYPE: self.error_type or "",
            conventions.EXCEPTION_MESSAGE: self._told.message(self._error),
            conventions.EXCEPTION_STACKTRACE: self._told.stacktrace(self._error),
        }


def _decision(error: BaseException) -> str | None:
    # Of the class alone: an instance may answer with another one, or raise.
    mro = type.mro(type(error))
    for kind, name in _DECISIONS:
        if kind in mro:
            return name
    return None
