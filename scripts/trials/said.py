"""The log lines of telemetry: what a service's log has of it."""

from __future__ import annotations

import logging
from typing import Final

_LOGGERS: Final = ("faststream_otel", "opentelemetry")


class Said(logging.Handler):
    """Keeps what telemetry says, from now on.

    Args:
        level: From which level on.

    Attributes:
        texts: The lines, each with its stack trace.
    """

    def __init__(self, level: int = logging.WARNING) -> None:
        super().__init__(level)
        self.texts: list[str] = []
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            logger.setLevel(level)
            logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))
