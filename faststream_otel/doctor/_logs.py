"""Checks of logs."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Final

from faststream_otel.doctor._finding import Fact, Finding, Rule
from faststream_otel.doctor._pipeline import routes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel.doctor._service import Service

NOT_CONNECTED: Final = Rule(
    code="FSO501",
    kind="warning",
    title="No log record reaches the exporter of logs.",
    why="A logger provider does not receive Python's log records by itself: a "
    "handler has to pass them on.",
    remedy="pip install opentelemetry-instrumentation-logging, which "
    "opentelemetry-instrument then uses; in code: LoggingInstrumentor().instrument()",
)
TWICE: Final = Rule(
    code="FSO502",
    kind="warning",
    title="Each log record is exported {times} times.",
    why="Each of these handlers passes it on to OpenTelemetry.",
    remedy="Keep only one of them; the one from "
    "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED is deprecated.",
)
FORMAT: Final = Rule(
    code="FSO503",
    kind="error",
    title="A log format uses {field}, which no record has.",
    why="Instead of each line, Python's logging prints an error.",
    remedy="LoggingInstrumentor().instrument(inject_trace_context=True), or "
    "OTEL_PYTHON_LOG_CORRELATION=true under opentelemetry-instrument",
)
UNSEEN: Final = Rule(
    code="FSO504",
    kind="note",
    title="FastStream's own log lines are not exported.",
    why="Without logger=, a broker writes to a logger that passes nothing on to the "
    "root logger, which has the handler for OpenTelemetry.",
    remedy='{broker}(..., logger=logging.getLogger("faststream.app"))',
)

_MODULES: Final = ("opentelemetry.sdk._logs", "opentelemetry.instrumentation.logging")
_FIELDS: Final = re.compile(r"[%{$](?:\()?\{?(otel\w+)")


def check(service: Service) -> Iterator[Finding | Fact]:
    """Examine logs."""
    loggers = list(_loggers())
    passing = {
        logger.name: handlers
        for logger in loggers
        if (handlers := [each for each in logger.handlers if _passes_on(each)])
    }
    yield from _exported(service, passing)
    for logger in loggers:
        for handler in logger.handlers:
            if field := _missing(handler):
                yield FORMAT.found(
                    f"The format of {type(handler).__name__} of the logger "
                    f"{logger.name!r} has it.",
                    field=field,
                )


def _exported(
    service: Service, passing: dict[str, list[logging.Handler]]
) -> Iterator[Finding | Fact]:
    for provider in service.of("logs"):
        is_sdks = provider.given is provider.sdk
        exports = any(each.exporter for each in routes("logs", provider.given))
        events = service.environment.get("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", "")
        # A vendor's provider has its own ways, and our events need no handler.
        if is_sdks and exports and not passing and not events.startswith("logs"):
            yield NOT_CONNECTED.found("No logger has a handler of OpenTelemetry's.")
        if not exports or not passing:
            continue
        names = ", ".join(sorted(passing))
        yield Fact("Logs", f"exported from {names}")
        for name, handlers in passing.items():
            if len(handlers) > 1:
                modules = ", ".join(sorted({type(h).__module__ for h in handlers}))
                yield TWICE.found(
                    f"The logger {name!r} has {len(handlers)} handlers, of {modules}.",
                    times=len(handlers),
                )
        if "root" in passing:
            yield from _unseen(service, passing)


def _unseen(
    service: Service, passing: dict[str, list[logging.Handler]]
) -> Iterator[Finding]:
    for broker in service.brokers:
        storage = broker.broker.config.broker_config.logger.params_storage
        is_default = any(
            kind.__name__ == "DefaultLoggerStorage" for kind in type(storage).__mro__
        )
        if is_default and not any(name.startswith("faststream") for name in passing):
            name = type(broker.broker).__name__
            seen = "It was made without logger=."
            yield UNSEEN.found(seen, where=broker.name, broker=name)


def _loggers() -> Iterator[logging.Logger]:
    yield logging.getLogger()
    for each in list(logging.root.manager.loggerDict.values()):
        if isinstance(each, logging.Logger):
            yield each


def _passes_on(handler: logging.Handler) -> bool:
    """Whether a handler gives records to OpenTelemetry."""
    return any(kind.__module__.startswith(_MODULES) for kind in type(handler).__mro__)


def _missing(handler: logging.Handler) -> str:
    """Give a field of OpenTelemetry's that a format needs and no record has."""
    formatter = handler.formatter
    # A filter may add it.
    if formatter is None or handler.filters:
        return ""
    record = logging.getLogRecordFactory()(
        "faststream_otel", logging.INFO, __file__, 1, "", (), None
    )
    defaults = getattr(getattr(formatter, "_style", None), "_defaults", None) or {}
    for field in _FIELDS.findall(getattr(formatter, "_fmt", None) or ""):
        if not hasattr(record, field) and field not in defaults:
            return str(field)
    return ""
