"""Exceptions: events of their span, log events, or both.

https://opentelemetry.io/docs/specs/semconv/messaging/messaging-exceptions/
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from opentelemetry import _logs as logs

from faststream_otel import __version__
from faststream_otel import _conventions as conventions
from faststream_otel._faults import FAULTS, tell_once
from faststream_otel._providers import records

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.context import Context

    from faststream_otel._conventions import Operation
    from faststream_otel._outcome import Outcome

OPT_IN: Final = "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN"


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

    __slots__ = ("_logger", "_provider", "as_logs", "on_spans")

    def __init__(self, logger_provider: LoggerProvider | None) -> None:
        signal = os.environ.get(OPT_IN, "").strip().lower()
        self.on_spans = signal != "logs"
        self.as_logs = signal in {"logs", "logs/dup"}
        self._provider = logger_provider
        self._logger = (
            logs.get_logger(
                conventions.SCOPE_NAME,
                __version__,
                logger_provider,
                conventions.SCHEMA_URL,
            )
            if self.as_logs
            else None
        )

    def records_logs(self) -> bool:
        """Whether log events may be recorded."""
        return self._logger is not None and records(
            logs.get_logger_provider() if self._provider is None else self._provider
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
        try:
            # The exception itself would be described by the SDK, content included.
            self._logger.emit(
                event_name=f"messaging.{operation.type}.exception",
                severity_number=(
                    logs.SeverityNumber.ERROR if processes else logs.SeverityNumber.WARN
                ),
                timestamp=now,
                context=context,
                attributes=outcome.attributes(),
            )
        except FAULTS:
            tell_once("Recording an exception as a log event")
