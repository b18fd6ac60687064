"""Log records on their way to an exporter: each fault alone, and mended."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

import pytest
from faststream import FastStream
from faststream.nats import NatsBroker
from opentelemetry._logs import LoggerProvider
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs.export import (
    InMemoryLogRecordExporter,
    SimpleLogRecordProcessor,
)

from faststream_otel.doctor import _logs
from faststream_otel.doctor._service import Asked, Service, read
from tests.examined import codes, facts, found, logging_by, service

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def no_handlers() -> Iterator[None]:
    """Whatever other tests have left at the root logger is of no matter."""
    root = logging.getLogger()
    left = [each for each in root.handlers if isinstance(each, LoggingHandler)]
    for each in left:
        root.removeHandler(each)
    yield
    for each in left:
        root.addHandler(each)


@contextlib.contextmanager
def handled(*handlers: logging.Handler, by: str | None = None) -> Iterator[None]:
    """Add handlers to a logger, and take them back."""
    logger = logging.getLogger(by)
    for each in handlers:
        logger.addHandler(each)
    try:
        yield
    finally:
        for each in handlers:
            logger.removeHandler(each)


def exported() -> contextlib.AbstractContextManager[Any]:
    """Provide for logs, with an exporter."""
    exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call] # the SDK annotates it in part
    return logging_by(SimpleLogRecordProcessor(exporter))


class Vendors(LoggerProvider):
    """A provider that has the SDK's inside, and its own ways to it."""

    def __init__(self, behind: Any) -> None:
        self.behind = behind

    def get_logger(self, *args: Any, **kwargs: Any) -> Any:
        return self.behind.get_logger(*args, **kwargs)


def formatted(text: str, style: Any = "%", **options: Any) -> logging.Handler:
    """Give a handler with a format."""
    handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter(text, style=style, **options))
    return handler


def test_nothing_passes_records_on() -> None:
    """An exporter without a handler, unless it is there for events."""
    with exported() as provider:
        assert codes(_logs, service(provider)) == ["FSO501"]
        assert not facts(_logs, service(provider))
        wrapped = Vendors(provider)
        assert not found(_logs, service(wrapped))
        with handled(LoggingHandler(logger_provider=provider)):
            assert not found(_logs, service(provider))
            told = {"Logs": "exported from root"}
            assert facts(_logs, service(provider)) == told
        events = {"OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN": "logs/dup"}
        assert not found(_logs, service(provider, environment=events))
    with logging_by() as provider:
        assert not found(_logs, service(provider))
        with handled(LoggingHandler(logger_provider=provider)):
            assert not list(_logs.check(service(provider)))


def test_twice() -> None:
    """Two handlers of one logger."""
    with exported() as provider:
        handlers = [LoggingHandler(logger_provider=provider) for _ in range(2)]
        with handled(*handlers):
            (finding,) = found(_logs, service(provider))
        assert finding.code == "FSO502"
        with handled(handlers[0]):
            assert not found(_logs, service(provider))


def of_broker(provider: Any, broker: NatsBroker) -> Service:
    """Give a service with a broker."""
    base = service(provider)
    made = read(FastStream(broker), [broker], environment={}, asked=Asked())
    return Service(
        application=made.application,
        brokers=made.brokers,
        providers=base.providers,
        settings=(),
        environment={},
        asked=base.asked,
    )


def test_faststreams_own_lines() -> None:
    """They reach the root logger only if the broker was given a logger."""
    with exported() as provider:
        default = of_broker(provider, NatsBroker())
        given = of_broker(provider, NatsBroker(logger=logging.getLogger("shop")))
        with handled(LoggingHandler(logger_provider=provider)):
            (finding,) = found(_logs, default)
            assert finding.code == "FSO504"
            assert finding.kind == "note"
            assert "NatsBroker(..., logger=" in finding.remedy
            assert not found(_logs, given)
        handlers = [LoggingHandler(logger_provider=provider) for _ in range(2)]
        with handled(handlers[0]), handled(handlers[1], by="faststream.access.nats"):
            assert not found(_logs, default)
        with handled(handlers[0], by="shop"):
            assert not found(_logs, default)


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("%(message)s %(otelTraceID)s", "%"),
        ("{message} {otelSpanID}", "{"),
        ("$message ${otelServiceName}", "$"),
    ],
)
def test_a_format_that_needs_more(
    text: str, style: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fields that the instrumentation would add."""
    names = ("otelTraceID", "otelSpanID", "otelServiceName")
    with handled(formatted(text, style), by="shop"):
        (finding,) = found(_logs, service())
        assert finding.code == "FSO503"
        assert any(name in finding.title for name in names)
    with handled(formatted(text, style, defaults=dict.fromkeys(names, "0")), by="shop"):
        assert not found(_logs, service())
    filtered = formatted(text, style)
    filtered.addFilter(lambda record: True)
    with handled(filtered, by="shop"):
        assert not found(_logs, service())

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = logging.LogRecord(*args, **kwargs)
        vars(record).update(dict.fromkeys(names, "0"))
        return record

    monkeypatch.setattr(logging, "_logRecordFactory", factory)
    with handled(formatted(text, style), by="shop"):
        assert not found(_logs, service())
