"""How spans end: errors, decisions, cancellation, and faults of telemetry itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from faststream import AckPolicy, BaseMiddleware, ExceptionMiddleware
from faststream.exceptions import (
    AckMessage,
    NackMessage,
    RejectMessage,
    SkipMessage,
    StopConsume,
    SubscriberNotFound,
)
from faststream.redis.parser import BinaryMessageFormatV1
from opentelemetry.trace import StatusCode

from faststream_otel.testing import SpanRecorder, in_memory
from tests.kinds import KINDS, Kind, every_kind
from tests.test_spans import run

if TYPE_CHECKING:
    from faststream_otel.testing import RecordedSpan

NATS = next(kind for kind in KINDS if kind.name == "nats")


class OrderError(Exception):
    """An error of the application."""


def deliver(kind: Kind, broker: Any, message: object = "hello") -> list[BaseException]:
    """Publish to `orders` and give what came out of the delivery."""

    async def main() -> list[BaseException]:
        async with in_memory(broker) as deliveries:
            await kind.publish(broker, message, "orders")
            await deliveries.settled()
        return deliveries.errors

    return asyncio.run(main())


def process_span(recorder: SpanRecorder) -> RecordedSpan:
    """The one process span that was recorded."""
    (span,) = [s for s in recorder.trace().spans if s.name.startswith("process")]
    return span


@every_kind
def test_an_error_of_the_handler(kind: Kind) -> None:
    """Status, description, `error.type` and one exception event; the error goes on."""
    events: list[Any] = []

    class Recorder(SpanRecorder):
        def on_end(self, span: Any) -> None:
            super().on_end(span)
            events.extend(span.events)

    recorder = Recorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        raise OrderError("no such order")

    (error,) = deliver(kind, broker)
    assert isinstance(error, OrderError)
    span = process_span(recorder)
    assert (span.status, span.status_description) == ("ERROR", "no such order")
    assert span.attributes["error.type"] == f"{__name__}.OrderError"
    (event,) = events
    assert event.name == "exception"
    assert event.attributes["exception.message"] == "no such order"


@every_kind
@pytest.mark.parametrize(
    ("raised", "decision"),
    [
        (AckMessage(), "ack"),
        (NackMessage(), "nack"),
        (RejectMessage(), "reject"),
        (SkipMessage(), "skip"),
        (StopConsume(), "stop_consume"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_decision_is_no_error(kind: Kind, raised: Exception, decision: str) -> None:
    """FastStream's instructions leave the status unset, and are on the span."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    handled: list[str] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        # What was refused comes again, and is taken then.
        if not handled:
            handled.append(message)
            raise raised

    deliver(kind, broker)
    spans = recorder.trace().spans
    span = next(each for each in spans if each.name == "process orders")
    assert span.status == "UNSET"
    assert span.attributes["faststream.message.decision"] == decision
    assert "error.type" not in span.attributes


@every_kind
def test_a_parser_that_fails(kind: Kind) -> None:
    """The message still has its process span, with the error."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    async def parser(message: Any) -> Any:
        raise OrderError("unreadable")

    @kind.subscriber(broker, "orders", parser=parser)
    async def handle(message: str) -> None: ...

    deliver(kind, broker)
    span = process_span(recorder)
    assert span.parent_id == recorder.trace().spans[0].span_id
    assert span.attributes["error.type"] == f"{__name__}.OrderError"


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.system == "redis"], ids=str
)
def test_an_envelope_that_fails(kind: Kind) -> None:
    """A format of the application's own that cannot read a message of Redis."""

    class Unreadable(BinaryMessageFormatV1):
        @classmethod
        def parse(cls, data: bytes) -> Any:
            raise OrderError("unreadable")

    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders", message_format=Unreadable)
    async def handle(message: str) -> None: ...

    deliver(kind, broker)
    assert process_span(recorder).attributes["error.type"] == f"{__name__}.OrderError"


@every_kind
def test_a_decoder_that_fails(kind: Kind) -> None:
    """The message still has its process span, with the error."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    async def decoder(message: Any) -> Any:
        raise OrderError("unreadable")

    @kind.subscriber(broker, "orders", decoder=decoder)
    async def handle(message: str) -> None: ...

    deliver(kind, broker)
    assert process_span(recorder).attributes["error.type"] == f"{__name__}.OrderError"


@every_kind
def test_a_message_that_no_handler_wants(kind: Kind) -> None:
    """The message still has its process span, with FastStream's error."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    subscriber = kind.subscriber(broker, "orders")

    @subscriber(filter=lambda message: False)
    async def handle(message: str) -> None: ...

    (error,) = deliver(kind, broker)
    assert isinstance(error, SubscriberNotFound)
    assert (
        process_span(recorder).attributes["error.type"]
        == "faststream.exceptions.SubscriberNotFound"
    )


@every_kind
def test_a_body_that_does_not_validate(kind: Kind) -> None:
    """FastDepends' error is the span's."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(number: int) -> None: ...

    deliver(kind, broker, "not a number")
    span = process_span(recorder)
    assert span.status == "ERROR"
    assert str(span.attributes["error.type"]).endswith("ValidationError")


@every_kind
def test_the_handler_that_ran_is_named(kind: Kind) -> None:
    """Of several handlers behind filters, it is the one that took the message."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    subscriber = kind.subscriber(broker, "orders")

    @subscriber(filter=lambda message: False)
    async def never(message: str) -> None: ...

    @subscriber
    async def always(message: str) -> None: ...

    run(kind, broker, "hello", "orders")
    name = process_span(recorder).attributes["code.function.name"]
    assert str(name).endswith(".always")


@every_kind
def test_a_publish_that_fails(kind: Kind) -> None:
    """The publish span has the error, and so has the process span around it."""
    recorder = SpanRecorder()
    traced = kind.traced(recorder)

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
    _, process, publish = recorder.trace().spans
    for span in (process, publish):
        assert (span.status, span.attributes["error.type"]) == (
            "ERROR",
            "ConnectionError",
        )
    assert publish.parent_id == process.span_id


@every_kind
def test_cancellation(kind: Kind) -> None:
    """A handler that is cancelled ends its span, with `error.type`."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    started = asyncio.Event()

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        started.set()
        await asyncio.Event().wait()

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await kind.publish(broker, "hello", "orders")
            await started.wait()
            for task in deliveries._tasks:
                task.cancel()

    asyncio.run(main())
    span = process_span(recorder)
    assert span.attributes["error.type"] == "asyncio.exceptions.CancelledError"


def test_an_exception_that_a_middleware_inside_handles() -> None:
    """What never leaves our middleware was handled, and is no error."""
    recorder = SpanRecorder()
    traced = NATS.traced(recorder)
    handler = ExceptionMiddleware({OrderError: lambda error: None})
    broker = NATS.broker(middlewares=[*traced.middlewares, handler])

    @NATS.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        raise OrderError("no such order")

    assert not deliver(NATS, broker)
    assert process_span(recorder).status == "UNSET"


def test_an_exception_that_a_middleware_outside_handles() -> None:
    """It left our middleware as an error, and the span has it."""
    recorder = SpanRecorder()
    traced = NATS.traced(recorder)
    handler = ExceptionMiddleware({OrderError: lambda error: None})
    broker = NATS.broker(middlewares=[handler, *traced.middlewares])

    @NATS.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        raise OrderError("no such order")

    assert not deliver(NATS, broker)
    span = process_span(recorder)
    assert span.attributes["error.type"] == f"{__name__}.OrderError"


@pytest.mark.parametrize("outside", [True, False])
def test_an_exception_that_is_answered_with_a_value(outside: bool) -> None:
    """The handler's work went on, and was published: no error."""
    recorder = SpanRecorder()
    traced = NATS.traced(recorder)
    handler = ExceptionMiddleware(
        publish_handlers={OrderError: lambda error: "instead"}
    )
    ours = traced.middlewares
    broker = NATS.broker(middlewares=[handler, *ours] if outside else [*ours, handler])

    @NATS.subscriber(broker, "orders")
    @NATS.publisher(broker, "next")
    async def handle(message: str) -> str:
        raise OrderError("no such order")

    assert not deliver(NATS, broker)
    _, process, publish, *_ = recorder.trace().spans
    assert (process.name, process.status) == ("process orders", "UNSET")
    assert (publish.name, publish.parent_id) == ("publish next", process.span_id)


class BadProcessor(SpanRecorder):
    """Raises where the SDK calls it, as an exporter with a bug may."""

    def __init__(self, *, on: str) -> None:
        super().__init__()
        self.on = on

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        if self.on == "start":
            raise RuntimeError("bad processor")
        super().on_start(span, parent_context)

    def on_end(self, span: Any) -> None:
        if self.on == "end":
            raise RuntimeError("bad processor")


@every_kind
@pytest.mark.parametrize("on", ["start", "end"])
@pytest.mark.faults
def test_a_processor_that_raises_stops_no_message(kind: Kind, on: str) -> None:
    """Publisher and handler notice nothing."""
    broker = kind.traced(BadProcessor(on=on))
    handled: list[str] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        handled.append(message)

    assert not deliver(kind, broker)
    assert handled == ["hello"]


def test_acknowledgement_belongs_to_the_message() -> None:
    """The span is still current when FastStream acknowledges, after all middlewares."""
    from opentelemetry import trace

    recorder = SpanRecorder()
    broker = NATS.traced(recorder)
    current: list[int] = []

    @NATS.subscriber(broker, "orders", ack_policy=AckPolicy.REJECT_ON_ERROR, stream="s")
    async def handle(body: str, message: Any) -> None: ...

    class Watch(BaseMiddleware[Any, Any]):
        async def consume_scope(self, call_next: Any, msg: Any) -> Any:
            ack = msg.ack

            async def watched(*args: Any, **kwargs: Any) -> None:
                current.append(trace.get_current_span().get_span_context().span_id)
                await ack(*args, **kwargs)

            msg.ack = watched
            return await call_next(msg)

    broker.add_middleware(Watch)

    @NATS.subscriber(broker, "settled", ack_policy=AckPolicy.ACK, stream="s")
    async def settle(body: str) -> None: ...

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await broker.publish("hello", "settled", stream="s")
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())
    assert current == [process_span(recorder).span_id]


def test_status_is_never_set_to_ok() -> None:
    """OK is for the application to say."""
    recorder = SpanRecorder()
    broker = NATS.traced(recorder)

    @NATS.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    deliver(NATS, broker)
    assert {span.status for span in recorder.trace().spans} == {StatusCode.UNSET.name}
