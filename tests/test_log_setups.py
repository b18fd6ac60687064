"""Ids in log lines, however a service sets its logging up; no field is in the way."""

from __future__ import annotations

import asyncio
import json
import logging
import logging.config
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from faststream._internal.logger.logger_proxy import RealLoggerObject
from opentelemetry import trace
from opentelemetry.instrumentation.logging import LoggingInstrumentor
from pythonjsonlogger.json import JsonFormatter

from faststream_otel.testing import SpanRecorder, in_memory
from tests.kinds import Kind, every_kind
from tests.test_exceptions import Logs
from tests.test_outcome import OrderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What stands in a line: the ids, and the message.
Line = tuple[str, str, str]


class Ids(logging.Filter):
    """Adds the ids of the current span: what a service without any library does."""

    def filter(self, record: logging.LogRecord) -> bool:
        span = trace.get_current_span().get_span_context()
        record.trace_id = trace.format_trace_id(span.trace_id)
        record.span_id = trace.format_span_id(span.span_id)
        return True


def add_ids(logger: Any, method: str, event: Any) -> Any:
    """Do the same, as a processor of structlog."""
    span = trace.get_current_span().get_span_context()
    event["trace_id"] = trace.format_trace_id(span.trace_id)
    event["span_id"] = trace.format_span_id(span.span_id)
    return event


class Lines(logging.Handler):
    """Keeps what a formatter makes of each record, and raises what it raises."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def plain() -> tuple[Lines, Callable[[str], Line]]:
    """`logging` alone."""
    handler = Lines(logging.Formatter("%(trace_id)s|%(span_id)s|%(message)s"))
    handler.addFilter(Ids())
    return handler, from_text


def instrumented() -> tuple[Lines, Callable[[str], Line]]:
    """`opentelemetry-instrumentation-logging`: fields that each record is made with."""
    formatter = logging.Formatter("%(otelTraceID)s|%(otelSpanID)s|%(message)s")
    return Lines(formatter), from_text


def as_json() -> tuple[Lines, Callable[[str], Line]]:
    """A formatter that writes every field there is."""
    return Lines(JsonFormatter()), from_json("otelTraceID", "otelSpanID", "message")


def with_structlog() -> tuple[Lines, Callable[[str], Line]]:
    """Lines of `logging` in structlog's form, with FastStream's own fields."""
    processors: list[Any] = [structlog.stdlib.ExtraAdder(), add_ids]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=processors,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    return Lines(formatter), from_json("trace_id", "span_id", "event")


def from_text(line: str) -> Line:
    """Read a line; what comes after its first is the exception's traceback."""
    trace_id, span_id, message = line.splitlines()[0].split("|")
    return trace_id, span_id, message


def from_json(*fields: str) -> Callable[[str], Line]:
    """Read a line that is JSON, with these names in it."""

    def read(line: str) -> Line:
        parsed = json.loads(line)
        assert "message_id" in parsed or parsed[fields[2]] == "working"
        trace_id, span_id, message = (parsed[field] for field in fields)
        return trace_id, span_id, message

    return read


@contextmanager
def instrumentation(**options: Any) -> Iterator[None]:
    """Switch `opentelemetry-instrumentation-logging` on."""
    configure = (
        logging.basicConfig,
        logging.config.dictConfig,
        logging.config.fileConfig,
    )
    LoggingInstrumentor().instrument(inject_trace_context=True, **options)
    try:
        yield
    finally:
        LoggingInstrumentor().uninstrument()
        # It wraps these, and leaves them so.
        logging.basicConfig = configure[0]
        logging.config.dictConfig, logging.config.fileConfig = configure[1:]


@pytest.fixture(autouse=True)
def new_loggers() -> Iterator[None]:
    """Let FastStream make its loggers as a new process would, with today's stdout."""
    forget_loggers()
    yield
    forget_loggers()


def forget_loggers() -> None:
    """Take everything from FastStream's loggers that it gave them."""
    for name, logger in logging.root.manager.loggerDict.items():
        if name.startswith("faststream.access.") and isinstance(logger, logging.Logger):
            logger.handlers.clear()
            logger.filters.clear()


def deliver(kind: Kind, broker: Any, logger: Any) -> None:
    """Let FastStream log to `logger` while a message is handled, and one fails."""

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            # FastStream's test broker silences the broker's logger.
            broker.config.logger.logger = RealLoggerObject(logger)
            for message in ("good", "bad"):
                await kind.publish(broker, message, "orders")
                await deliveries.settled()
        # An error that logging raised would have taken the handler's place.
        assert [type(error) for error in deliveries.errors] == [OrderError]

    asyncio.run(main())


def expected(recorder: SpanRecorder) -> list[Line]:
    """The lines of two messages, each with the ids of its process span."""
    good, bad = (s for s in recorder.trace().spans if s.kind == "CONSUMER")
    return [
        (trace.format_trace_id(span.trace_id), trace.format_span_id(span.span_id), text)
        for span, *texts in (
            (good, "Received", "working", "Processed"),
            (bad, "Received", "working", "OrderError: no such order", "Processed"),
        )
        for text in texts
    ]


def with_handler(kind: Kind, broker: Any, logger: Any) -> None:
    """Subscribe a handler that logs, and that fails on a bad message."""

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        logger.info("working")
        if message == "bad":
            raise OrderError("no such order")


@every_kind
@pytest.mark.parametrize("own", [True, False], ids=["own", "given"])
@pytest.mark.parametrize("set_up", [plain, instrumented, as_json, with_structlog])
def test_each_line_has_the_ids(
    kind: Kind,
    set_up: Callable[[], tuple[Lines, Callable[[str], Line]]],
    own: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """FastStream's own lines and the service's, by FastStream's logger or another."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    handler, read = set_up()
    service = logging.getLogger("service")
    service.handlers, service.propagate = [handler], False
    service.setLevel(logging.INFO)
    with_handler(kind, broker, service)

    logger: Any = service
    if own:
        broker._setup_logger()
        logger = broker.config.logger.logger.logger
        assert logger.name.startswith("faststream.access.")
        logger.addHandler(handler)
    try:
        if set_up in {instrumented, as_json}:
            with instrumentation(enable_log_auto_instrumentation=False):
                deliver(kind, broker, logger)
        else:
            deliver(kind, broker, logger)
    finally:
        logger.removeHandler(handler)
    assert [read(line) for line in handler.lines] == expected(recorder)
    # FastStream's own handler has written too, and `logging` prints its faults.
    assert "Logging error" not in capsys.readouterr().err


@every_kind
def test_structlog_as_the_brokers_logger(kind: Kind) -> None:
    """A logger of structlog's own takes FastStream's lines as they are."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    lines: list[str | bytes] = []

    def keep(logger: Any, method: str, event: Any) -> Any:
        lines.append(
            structlog.processors.JSONRenderer(default=str)(logger, method, event)
        )
        raise structlog.DropEvent

    logger = structlog.wrap_logger(
        None,
        processors=[add_ids, keep],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    with_handler(kind, broker, logger)
    deliver(kind, broker, logger)
    found = [json.loads(line) for line in lines]
    assert [
        (line["trace_id"], line["span_id"], line["event"]) for line in found
    ] == expected(recorder)
    assert all("message_id" in line["extra"] for line in found if "extra" in line)


@every_kind
def test_exported_records(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """The instrumentation's handler takes FastStream's fields, and knows the span."""
    from opentelemetry._logs import _internal

    recorder, logs = SpanRecorder(), Logs()
    monkeypatch.setattr(_internal, "_LOGGER_PROVIDER", logs.provider)
    broker = kind.traced(recorder)
    # FastStream's own loggers do not give their records to the root logger.
    logger = logging.getLogger("exported")
    logger.setLevel(logging.INFO)
    with_handler(kind, broker, logger)
    with instrumentation():
        deliver(kind, broker, logger)

    lines = expected(recorder)
    assert [
        (
            trace.format_trace_id(record.trace_id),
            trace.format_span_id(record.span_id),
            record.body,
        )
        for record in logs.records()
    ] == lines
    assert "message_id" in logs.records()[0].attributes


@every_kind
def test_a_field_that_is_taken_before_faststream_adds_its_own(kind: Kind) -> None:
    """As the guide warns: `logging` raises, and the handler never runs."""
    broker = kind.traced(SpanRecorder())
    handled: list[str] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        handled.append(message)

    def hook(span: Any, record: logging.LogRecord) -> None:
        record.message_id = "mine"

    async def main() -> list[BaseException]:
        async with in_memory(broker) as deliveries:
            broker.config.logger.logger = RealLoggerObject(logging.getLogger("taken"))
            logging.getLogger("taken").setLevel(logging.INFO)
            await kind.publish(broker, "hello", "orders")
            await deliveries.settled()
        return deliveries.errors

    with instrumentation(log_hook=hook, enable_log_auto_instrumentation=False):
        (error,) = asyncio.run(main())
    assert isinstance(error, KeyError)
    assert "message_id" in str(error)
    assert not handled
