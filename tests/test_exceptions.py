"""Exceptions as events of spans, as log events, or as both."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

import pytest
from faststream import AckPolicy, BaseMiddleware, Context
from faststream._internal.endpoint.utils import process_msg
from faststream.exceptions import RejectMessage
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk._logs.export import (
    InMemoryLogRecordExporter,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from faststream_otel import __version__
from faststream_otel.testing import SpanRecorder, in_memory
from tests.kinds import KINDS, Kind, every_kind
from tests.test_outcome import OrderError, deliver
from tests.test_requests import fetched
from tests.test_settling import acknowledged, publish, settling

OF = {kind.name: kind for kind in KINDS}
NATS = OF["nats"]
OPT_IN = "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN"
API = tuple(map(int, version("opentelemetry-api").split(".")[:2]))
WARN, ERROR = SeverityNumber.WARN, SeverityNumber.ERROR


class Logs:
    """A logger provider, and what was emitted with it."""

    def __init__(self) -> None:
        self._exporter: Any = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self._exporter))

    def exported(self) -> list[Any]:
        """The records, each with its scope."""
        return list(self._exporter.get_finished_logs())

    def records(self) -> list[Any]:
        """The records themselves."""
        return [exported.log_record for exported in self.exported()]

    def events(self) -> list[tuple[str, SeverityNumber, str]]:
        """Name, severity and type of exception of each."""
        return [
            (r.event_name, r.severity_number, r.attributes["exception.type"])
            for r in self.records()
        ]


class Spans(SpanRecorder):
    """Keeps the events of spans too."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []

    def on_end(self, span: Any) -> None:
        """Keep the names of the span's events."""
        super().on_end(span)
        self.events.extend(event.name for event in span.events)


def failing(kind: Kind, spans: SpanRecorder, logs: Logs, **options: Any) -> Any:
    """Make a broker whose handler of `orders` raises."""
    telemetry = {"logger_provider": logs.provider, **options}
    return with_handler(kind, kind.traced(spans, telemetry=telemetry))


def alone(logs: Logs | None = None, **options: Any) -> Any:
    """Make such a broker with no provider but that of logs."""
    provider = logs.provider if logs else None
    middleware = NATS.middleware(logger_provider=provider, **options)
    return with_handler(NATS, NATS.broker(middlewares=[middleware]))


def with_handler(kind: Kind, broker: Any) -> Any:
    """Add a handler of `orders` that raises."""

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        raise OrderError("no such order")

    return broker


@every_kind
@pytest.mark.parametrize(
    ("signal", "on_spans", "in_logs"),
    [
        (None, True, False),
        ("", True, False),
        ("span", True, False),
        ("logs", False, True),
        ("logs/dup", True, True),
        (" LOGS ", False, True),
    ],
)
def test_where_an_exception_goes(
    kind: Kind,
    signal: str | None,
    on_spans: bool,
    in_logs: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To its span, to the logs, or to both; status and type are always the span's."""
    if signal is None:
        monkeypatch.delenv(OPT_IN, raising=False)
    else:
        monkeypatch.setenv(OPT_IN, signal)
    spans, logs = Spans(), Logs()
    broker = failing(kind, spans, logs)
    # It is read when the middleware is made, and not again.
    monkeypatch.delenv(OPT_IN, raising=False)

    (error,) = deliver(kind, broker)
    assert isinstance(error, OrderError)
    assert spans.events == ["exception"] * on_spans
    name = f"{OrderError.__module__}.OrderError"
    assert logs.events() == [("messaging.process.exception", ERROR, name)] * in_logs
    process = spans.trace().spans[-1]
    assert (process.status, process.status_description) == ("ERROR", "no such order")
    assert process.attributes["error.type"] == name


def test_the_log_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to the span, and describes the exception in attributes alone."""
    monkeypatch.setenv(OPT_IN, "logs")
    spans, logs = SpanRecorder(), Logs()
    deliver(NATS, failing(NATS, spans, logs))

    (exported,) = logs.exported()
    record, process = exported.log_record, spans.trace().spans[-1]
    assert (record.trace_id, record.span_id) == (process.trace_id, process.span_id)
    assert record.timestamp == process.end
    assert getattr(record, "exception", None) is None
    stacktrace = record.attributes["exception.stacktrace"]
    assert record.attributes == {
        "exception.type": f"{OrderError.__module__}.OrderError",
        "exception.message": "no such order",
        "exception.stacktrace": stacktrace,
    }
    assert stacktrace.startswith("Traceback")
    assert 'raise OrderError("no such order")' in stacktrace
    scope = exported.instrumentation_scope
    assert (scope.name, scope.version) == ("faststream_otel", __version__)
    assert scope.schema_url == "https://opentelemetry.io/schemas/1.44.0"


@every_kind
def test_a_publish_that_fails(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning where it is sent, an error where nobody handled it."""
    monkeypatch.setenv(OPT_IN, "logs")
    spans, logs = Spans(), Logs()
    traced = kind.traced(spans, telemetry={"logger_provider": logs.provider})

    class Gone(BaseMiddleware[Any, Any]):
        async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
            if cmd.destination == "next":
                raise ConnectionError("broker gone")
            return await call_next(cmd)

    broker = kind.broker(middlewares=[*traced.middlewares, Gone])

    @kind.subscriber(broker, "orders")
    @kind.publisher(broker, "next")
    async def handle(message: str) -> str:
        return message

    deliver(kind, broker)
    assert logs.events() == [
        ("messaging.send.exception", WARN, "ConnectionError"),
        ("messaging.process.exception", ERROR, "ConnectionError"),
    ]
    _, process, send = spans.trace().spans
    assert [r.span_id for r in logs.records()] == [send.span_id, process.span_id]
    assert spans.events == []


@every_kind
def test_a_fetched_message_that_fails(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning: the application gets the error, and may handle it."""
    monkeypatch.setenv(OPT_IN, "logs")
    spans, logs = Spans(), Logs()
    broker = kind.traced(spans, telemetry={"logger_provider": logs.provider})

    async def parser(message: Any) -> Any:
        raise OrderError("unreadable")

    async def main() -> None:
        async with in_memory(broker):
            message = await fetched(kind)
            with pytest.raises(OrderError):
                await process_msg(
                    msg=message,
                    middlewares=(
                        m(message, context=broker.context) for m in broker.middlewares
                    ),
                    parser=parser,
                    decoder=parser,
                )

    asyncio.run(main())
    name = f"{OrderError.__module__}.OrderError"
    assert logs.events() == [("messaging.receive.exception", WARN, name)]
    (receive,) = spans.trace().spans
    assert logs.records()[0].span_id == receive.span_id
    assert spans.events == []


@settling
def test_a_settlement_that_fails(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning, though the handler went on."""
    monkeypatch.setenv(OPT_IN, "logs")
    spans, logs = Spans(), Logs()
    telemetry = {"logger_provider": logs.provider, "settle_spans": True}
    broker = kind.traced(spans, telemetry=telemetry)

    @acknowledged(kind, broker, AckPolicy.MANUAL)
    async def handle(body: str, message: Any = Context("message")) -> None:
        with pytest.raises(TypeError):
            await message.ack(no_such_option=True)

    publish(kind, broker)
    assert logs.events() == [("messaging.settle.exception", WARN, "TypeError")]
    assert spans.events == []


@every_kind
def test_a_decision_is_no_exception(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What FastStream was told to do with a message is in no log event."""
    monkeypatch.setenv(OPT_IN, "logs")
    logs = Logs()
    telemetry = {"logger_provider": logs.provider}
    broker = kind.traced(SpanRecorder(), telemetry=telemetry)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        raise RejectMessage

    deliver(kind, broker)
    assert logs.events() == []


def test_an_excluded_destination_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not traced is not told of."""
    monkeypatch.setenv(OPT_IN, "logs")
    logs = Logs()
    deliver(NATS, failing(NATS, SpanRecorder(), logs, exclude=["orders"]))
    assert logs.events() == []


def test_an_unsampled_message_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log events do not depend on the sampler; they say that there is no span."""
    monkeypatch.setenv(OPT_IN, "logs")
    logs = Logs()
    provider = TracerProvider(sampler=ALWAYS_OFF)
    deliver(NATS, alone(logs, tracer_provider=provider))
    (record,) = logs.records()
    assert record.trace_id
    assert not record.trace_flags.sampled


def test_logs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logger provider is enough."""
    monkeypatch.setenv(OPT_IN, "logs")
    logs = Logs()
    broker = alone(logs)
    assert not broker.middlewares[0].telemetry.records_spans()
    assert not broker.middlewares[0].telemetry.records_metrics()
    deliver(NATS, broker)
    ((event, *_),) = logs.events()
    assert event == "messaging.process.exception"


def test_the_global_provider_may_come_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for spans and metrics, and no provider is no fault."""
    from opentelemetry._logs import _internal

    monkeypatch.setenv(OPT_IN, "logs")
    # As the API's own tests do, which has no public way to take a provider back.
    monkeypatch.setattr(_internal, "_LOGGER_PROVIDER", None)
    broker = alone()
    deliver(NATS, broker)
    logs = Logs()
    monkeypatch.setattr(_internal, "_LOGGER_PROVIDER", logs.provider)
    deliver(NATS, broker)
    assert len(logs.events()) == 1


class BadProcessor(LogRecordProcessor):
    """Raises where the SDK calls it, as an exporter with a bug may."""

    def on_emit(self, log_record: Any) -> None:
        """Raise."""
        raise RuntimeError("bad processor")

    def shutdown(self) -> None:
        """Do nothing."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Do nothing."""
        return True


@every_kind
@pytest.mark.faults
def test_a_processor_that_raises_stops_no_message(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The application gets its own error, and the span is whole."""
    monkeypatch.setenv(OPT_IN, "logs")
    logs = Logs()
    logs.provider.add_log_record_processor(BadProcessor())
    spans = SpanRecorder()
    broker = failing(kind, spans, logs)
    (error,) = deliver(kind, broker)
    assert isinstance(error, OrderError)
    assert spans.trace().spans[-1].status == "ERROR"
