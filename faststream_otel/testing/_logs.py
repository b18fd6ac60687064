"""What is logged while there is a recording, and in which span."""

from __future__ import annotations

import functools
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class RecordedLog:
    """One record of Python's logging.

    Attributes:
        logger: The logger's name.
        level: The name of its level, such as `WARNING`.
        message: The message, with its arguments filled in.
        trace_id: The trace id of the current span; 0 if there was none.
        span_id: The id of that span; 0 if there was none.
        error: The class of the exception that was logged with the record; empty if
            there was none.
    """

    logger: str
    level: str
    message: str
    trace_id: int = 0
    span_id: int = 0
    error: str = ""


class LogRecorder:
    """Keeps what is logged in traces of a recording, and outside of any."""

    def __init__(self, knows: Callable[[int], bool]) -> None:
        self._knows = knows
        self._kept: list[RecordedLog] = []

    def note(self, log: RecordedLog) -> None:
        """Keep a record, if it is of this recording."""
        if not log.trace_id or self._knows(log.trace_id):
            self._kept.append(log)

    def logs(self) -> list[RecordedLog]:
        """What was kept so far."""
        return self._kept.copy()


_recorders: list[LogRecorder] = []


@contextmanager
def noting(recorder: LogRecorder) -> Iterator[None]:
    """Give `recorder` what any logger hands to its handlers while the block runs.

    Handlers of the root would not get all: FastStream's loggers tell it nothing.
    """
    if not _recorders:
        logging.Logger.callHandlers = _noting(  # type: ignore[method-assign]
            logging.Logger.callHandlers
        )
    _recorders.append(recorder)
    try:
        yield
    finally:
        _recorders.remove(recorder)
        handling = logging.Logger.callHandlers
        # Where somebody else has wrapped it since, it stays, and does nothing.
        if not _recorders and getattr(handling, "_notes", None) is _recorders:
            logging.Logger.callHandlers = (  # type: ignore[method-assign]
                handling.__wrapped__  # type: ignore[attr-defined]
            )


def _noting(handling: Callable[..., Any]) -> Callable[..., Any]:
    if getattr(handling, "_notes", None) is _recorders:
        return handling

    @functools.wraps(handling)
    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> Any:
        if _recorders:
            log = _recorded(record)
            for recorder in _recorders.copy():
                recorder.note(log)
        return handling(self, record)

    call_handlers._notes = _recorders  # type: ignore[attr-defined]
    return call_handlers


def _recorded(record: logging.LogRecord) -> RecordedLog:
    context = trace.get_current_span().get_span_context()
    try:
        message = record.getMessage()
    except Exception:
        message = str(record.msg)
    error = record.exc_info[0] if record.exc_info else None
    return RecordedLog(
        logger=record.name,
        level=record.levelname,
        message=message,
        trace_id=context.trace_id,
        span_id=context.span_id,
        error=f"{error.__module__}.{error.__qualname__}".removeprefix("builtins.")
        if error
        else "",
    )
