"""Exceptions that end an operation: errors, and decisions of the handler.

Errors are events of their span, log events, or both.

https://opentelemetry.io/docs/specs/semconv/messaging/messaging-exceptions/
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from faststream.exceptions import (
    AckMessage,
    NackMessage,
    RejectMessage,
    SkipMessage,
    StopConsume,
)
from opentelemetry.trace import Status, StatusCode

from faststream_otel import __version__
from faststream_otel import _conventions as conventions
from faststream_otel._content import Told, type_name
from faststream_otel._faults import FAULTS, tell_once
from faststream_otel._recording import records

if TYPE_CHECKING:
    from collections.abc import Container

    from opentelemetry._logs import Logger, LoggerProvider
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from faststream_otel._conventions import Operation

OPT_IN: Final = "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN"

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


class Exceptions:
    """Where one middleware records exceptions, as the environment says.

    `OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN` is read once: `logs` for log events, and
    `logs/dup` for both, from one release of a service to the next. Anything else, or
    nothing, is for events of spans.

    Args:
        logger_provider: Where log events go; the global provider if None.

    Attributes:
        on_spans: They are events of spans.
        as_logs: They are log events.
    """

    __slots__ = ("_logger", "_logs", "_provider", "as_logs", "on_spans")

    def __init__(self, logger_provider: LoggerProvider | None) -> None:
        signal = os.environ.get(OPT_IN, "").strip().lower()
        self.on_spans = signal != "logs"
        self.as_logs = signal in {"logs", "logs/dup"}
        self._provider = logger_provider
        self._logger: Logger | None = None
        # OpenTelemetry's API of logs, which few services need.
        self._logs: Any = None
        if self.as_logs:
            self._logs = import_module("opentelemetry._logs")
            self._logger = self._logs.get_logger(
                conventions.SCOPE_NAME,
                __version__,
                logger_provider,
                conventions.SCHEMA_URL,
            )

    def records_logs(self) -> bool:
        """Whether log events may be recorded."""
        if self._logger is None:
            return False
        provider = self._provider
        return records(
            self._logs.get_logger_provider() if provider is None else provider
        )

    def emit(
        self, outcome: Outcome, operation: Operation, context: Context, now: int
    ) -> None:
        """Record an exception as a log event, if that is where it belongs.

        Args:
            outcome: What ended the operation; a decision of the handler is no error.
            operation: What it ended.
            context: With the operation's span, sampled or not.
            now: When it ended, in nanoseconds since the epoch.
        """
        if self._logger is None or outcome.decision is not None:
            return
        processes = operation is conventions.PROCESS
        severity = self._logs.SeverityNumber
        try:
            # The exception itself would be described by the SDK, content included.
            self._logger.emit(
                event_name=f"messaging.{operation.type}.exception",
                severity_number=severity.ERROR if processes else severity.WARN,
                timestamp=now,
                context=context,
                attributes=outcome.attributes(),
            )
        except FAULTS:
            tell_once("Recording an exception as a log event")
