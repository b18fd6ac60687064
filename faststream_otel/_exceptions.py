"""Exceptions: events of their span, log events, or both.

https://opentelemetry.io/docs/specs/semconv/messaging/messaging-exceptions/
"""

from __future__ import annotations

import inspect
import os
import traceback
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import _logs as logs

from faststream_otel import __version__, _outcome
from faststream_otel import _conventions as conventions
from faststream_otel._faults import tell_once
from faststream_otel._providers import records

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.context import Context

    from faststream_otel._conventions import Operation

OPT_IN: Final = "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN"
# The API takes an exception from 1.42 on, and its SDK describes it.
_TAKES_EXCEPTION: Final = "exception" in inspect.signature(logs.Logger.emit).parameters


class Exceptions:
    """Where one middleware records exceptions, as the environment says.

    `OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN` is read once: `logs` for log events, and
    `logs/dup` for both, from one release of a service to the next. Anything else, or
    nothing, is for events of spans.

    Args:
        logger_provider: Where log events go; the global provider if None.
    """

    __slots__ = ("_logger", "_provider", "on_spans")

    def __init__(self, logger_provider: LoggerProvider | None) -> None:
        signal = os.environ.get(OPT_IN, "").strip().lower()
        self.on_spans = signal != "logs"
        self._provider = logger_provider
        self._logger = (
            logs.get_logger(
                conventions.SCOPE_NAME,
                __version__,
                logger_provider,
                conventions.SCHEMA_URL,
            )
            if signal in {"logs", "logs/dup"}
            else None
        )

    def records_logs(self) -> bool:
        """Whether log events may be recorded."""
        return self._logger is not None and records(
            self._provider or logs.get_logger_provider()
        )

    def emit(
        self, error: BaseException, operation: Operation, context: Context, now: int
    ) -> None:
        """Record an exception as a log event, if that is where it belongs.

        Args:
            error: What was raised; a decision of the handler is no error.
            operation: What it ended.
            context: With the operation's span, sampled or not.
            now: When it ended, in nanoseconds since the epoch.
        """
        if self._logger is None or _outcome.decision(error) is not None:
            return
        processes = operation is conventions.PROCESS
        try:
            described: dict[str, Any] = (
                {"exception": error}
                if _TAKES_EXCEPTION
                else {"attributes": _attributes(error)}
            )
            self._logger.emit(
                event_name=f"messaging.{operation.type}.exception",
                severity_number=(
                    logs.SeverityNumber.ERROR if processes else logs.SeverityNumber.WARN
                ),
                timestamp=now,
                context=context,
                **described,
            )
        except Exception:
            tell_once("Recording an exception as a log event")


def _attributes(error: BaseException) -> dict[str, str]:
    trace = traceback.format_exception(type(error), error, error.__traceback__)
    return {
        "exception.type": _outcome.error_type(error),
        "exception.message": str(error),
        "exception.stacktrace": "".join(trace),
    }
