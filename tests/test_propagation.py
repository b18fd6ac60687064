"""Context in message headers: by which propagator, and of what is not believed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from faststream import Context
from opentelemetry import baggage, propagate
from opentelemetry import context as otel_context
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import Getter, TextMapPropagator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    TraceState,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import (
    TraceContextTextMapPropagator,
)

from faststream_otel._headers import HeaderGetter
from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import SpanRecorder, in_memory
from faststream_otel.testing._deliveries import _test_broker
from tests.hops import Hop, ids
from tests.kinds import KINDS, Kind, every_kind
from tests.test_spans import run, tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from faststream.message import StreamMessage

TRACE = 0x0AF7651916CD43DD8448EB211C80319C
SPAN = 0xB7AD6B7169203331
TRACEPARENT = f"00-{TRACE:032x}-{SPAN:016x}-01"

PROPAGATION = NatsTelemetryMiddleware().telemetry.propagation
EMPTY = otel_context.Context()
NATS = next(kind for kind in KINDS if kind.name == "nats")


class LetterPropagator(TextMapPropagator):
    """Writes ids into a header of its own, as B3 or a vendor's format does."""

    fields = {"x-letter"}  # noqa: RUF012 - the API declares a property

    def inject(self, carrier: Any, context: Any = None, setter: Any = None) -> None:
        span = get_current_span(context).get_span_context()
        carrier["x-letter"] = f"{span.trace_id:x}/{span.span_id:x}"

    def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Any:
        found = getter.get(carrier, "x-letter")
        if not found:
            return context
        trace_id, span_id = (int(part, 16) for part in found[0].split("/"))
        return set_span_in_context(
            NonRecordingSpan(SpanContext(trace_id, span_id, True, TraceFlags(1))),
            context,
        )


class BrokenPropagator(TextMapPropagator):
    """Raises, as a propagator with a bug does."""

    fields: Any = frozenset({"x-broken"})

    def inject(self, carrier: Any, context: Any = None, setter: Any = None) -> None:
        raise RuntimeError("cannot inject")

    def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Any:
        raise RuntimeError("cannot extract")


@pytest.fixture
def propagator() -> Iterator[None]:
    """Put the global propagator back after the test."""
    before = propagate.get_global_textmap()
    yield
    propagate.set_global_textmap(before)


@every_kind
@pytest.mark.usefixtures("propagator")
def test_the_global_propagator_is_asked_at_each_message(kind: Kind) -> None:
    """One that is set after the broker was made is used, both ways, and it alone."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    headers: list[dict[str, Any]] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str, received: dict = Context("message.headers")) -> None:  # type: ignore[type-arg]
        headers.append(received)

    propagate.set_global_textmap(LetterPropagator())
    run(kind, broker, "hello", "orders")
    publish, process = recorder.trace().spans
    assert headers[0]["x-letter"] == f"{publish.trace_id:x}/{publish.span_id:x}"
    assert "traceparent" not in headers[0]
    assert process.parent_id == publish.span_id


@every_kind
@pytest.mark.usefixtures("propagator")
@pytest.mark.faults
def test_a_broken_propagator_stops_no_message(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    """The handler runs, both spans are recorded, and the fault is told once."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    handled: list[str] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        handled.append(message)

    propagate.set_global_textmap(BrokenPropagator())
    run(kind, broker, "one", "orders", headers={"tenant": "acme"})
    run(kind, broker, "two", "orders", headers={"tenant": "acme"})
    assert handled == ["one", "two"]
    assert tree(recorder.trace()) == ["publish orders", "process orders"] * 2
    told = [entry.getMessage() for entry in caplog.records]
    assert [entry.partition(" failed")[0] for entry in told] == [
        "Reading context from headers",
        "Writing context into headers",
    ]


@every_kind
def test_the_callers_headers_stay_as_they_are(kind: Kind) -> None:
    """A dictionary that is used again changes nothing in the next message."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    received: list[dict[str, Any]] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str, headers: dict = Context("message.headers")) -> None:  # type: ignore[type-arg]
        received.append(headers)

    headers = {"tenant": "acme"}
    run(kind, broker, "one", "orders", headers=headers)
    run(kind, broker, "two", "orders", headers=headers)
    assert headers == {"tenant": "acme"}
    assert [message["tenant"] for message in received] == ["acme", "acme"]
    assert tree(recorder.trace()) == ["publish orders", "  process orders"] * 2
    assert received[0]["traceparent"] != received[1]["traceparent"]


@every_kind
def test_a_traceparent_of_the_caller_is_kept(kind: Kind) -> None:
    """The caller is the producer: our span is a client's, and links the caller's."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    run(kind, broker, "one", "orders", headers={"traceparent": TRACEPARENT})
    publish, process = recorder.trace().spans
    assert (publish.name, publish.kind) == ("publish orders", "CLIENT")
    assert [(link.trace_id, link.span_id) for link in publish.links] == [(TRACE, SPAN)]
    assert (process.trace_id, process.parent_id) == (TRACE, SPAN)


@every_kind
def test_a_traceparent_of_the_caller_goes_without_our_tracestate(kind: Kind) -> None:
    """The state of one trace does not travel with the id of another."""
    broker = kind.traced(SpanRecorder())
    received: list[dict[str, Any]] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str, headers: dict = Context("message.headers")) -> None:  # type: ignore[type-arg]
        received.append(headers)

    state = TraceState([("vendor", "ours")])
    current = SpanContext(TRACE + 1, SPAN + 1, False, TraceFlags(1), state)
    token = otel_context.attach(set_span_in_context(NonRecordingSpan(current)))
    try:
        run(kind, broker, "hello", "orders", headers={"traceparent": TRACEPARENT})
    finally:
        otel_context.detach(token)
    assert received[0]["traceparent"] == TRACEPARENT
    assert "tracestate" not in received[0]


@every_kind
def test_baggage_of_the_caller_is_kept(kind: Kind) -> None:
    """Headers that the caller wrote win, in a handler too."""
    broker = kind.traced(SpanRecorder())
    received: list[dict[str, Any]] = []
    plain = kind.broker()

    @kind.subscriber(broker, "first")
    async def first(message: str) -> None:
        await kind.publish(broker, message, "second", headers={"baggage": "a=b"})

    @kind.subscriber(broker, "second")
    async def second(message: str, headers: dict = Context("message.headers")) -> None:  # type: ignore[type-arg]
        received.append(headers)

    async def main() -> None:
        async with in_memory(broker, plain) as deliveries:
            await kind.publish(plain, "hello", "first")
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())
    assert received[0]["baggage"] == "a=b"
    assert "traceparent" in received[0]


@every_kind
def test_headers_that_a_handler_passes_on_are_not_the_callers_own(kind: Kind) -> None:
    """Forwarding all headers of a message keeps the line: each hop below the last."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "first")
    async def first(message: str, headers: dict = Context("message.headers")) -> None:  # type: ignore[type-arg]
        # TestRedisBroker cannot count messages whose headers name a correlation id.
        passed = {k: v for k, v in headers.items() if k != "correlation_id"}
        await kind.publish(broker, message, "second", headers=passed)

    @kind.subscriber(broker, "second")
    async def second(message: str) -> None: ...

    run(kind, broker, "hello", "first")
    assert tree(recorder.trace()) == [
        "publish first",
        "  process first",
        "    publish second",
        "      process second",
    ]


@every_kind
def test_a_retry_does_not_take_our_context_for_the_callers(kind: Kind) -> None:
    """A middleware that sends a failed command again gets a producer span again."""
    from faststream import BaseMiddleware

    recorder = SpanRecorder()
    traced = kind.traced(recorder)
    failures = [ConnectionError("gone")]

    class Retry(BaseMiddleware[Any, Any]):
        async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
            try:
                return await call_next(cmd)
            except ConnectionError:
                return await call_next(cmd)

    class Fail(BaseMiddleware[Any, Any]):
        async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
            if failures:
                raise failures.pop()
            return await call_next(cmd)

    broker = kind.broker(middlewares=[Retry, *traced.middlewares, Fail])

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    run(kind, broker, "hello", "orders")
    failed, sent, *_ = recorder.trace().spans
    assert (failed.status, failed.attributes["error.type"]) == (
        "ERROR",
        "ConnectionError",
    )
    assert (sent.kind, sent.links, sent.status) == ("PRODUCER", (), "UNSET")


@every_kind
def test_an_unsampled_parent_stays_unsampled(kind: Kind) -> None:
    """Its trace id goes on, and no span is recorded."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    received: list[str] = []

    @kind.subscriber(broker, "first")
    @kind.publisher(broker, "second")
    async def first(message: str) -> str:
        return message

    @kind.subscriber(broker, "second")
    async def second(message: str, headers: dict = Context("message.headers")) -> None:  # type: ignore[type-arg]
        received.append(headers["traceparent"])

    unsampled = f"{TRACEPARENT[:-2]}00"
    plain = kind.broker()

    async def main() -> None:
        async with in_memory(broker, plain) as deliveries:
            await kind.publish(
                plain, "hello", "first", headers={"traceparent": unsampled}
            )
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())
    assert not recorder.trace().spans
    (traceparent,) = received
    _version, trace_id, span_id, flags = traceparent.split("-")
    assert (trace_id, flags) == (f"{TRACE:032x}", "00")
    assert span_id != f"{SPAN:016x}"


@every_kind
def test_context_goes_on_without_a_provider(kind: Kind) -> None:
    """A service with the API alone passes on what it was given."""
    broker = kind.broker(middlewares=[kind.middleware()])
    received: list[str] = []

    @kind.subscriber(broker, "first")
    @kind.publisher(broker, "second")
    async def first(message: str) -> str:
        return message

    @kind.subscriber(broker, "second")
    async def second(message: str, headers: dict = Context("message.headers")) -> None:  # type: ignore[type-arg]
        received.append(headers["traceparent"])

    run(kind, broker, "hello", "first", headers={"traceparent": TRACEPARENT})
    assert received == [TRACEPARENT]


@every_kind
def test_baggage_travels_in_the_context(kind: Kind) -> None:
    """What the OpenTelemetry API sets before a publish is there in the handler."""
    broker = kind.traced(SpanRecorder())
    found: list[Mapping[str, object]] = []

    @kind.subscriber(broker, "first")
    @kind.publisher(broker, "second")
    async def first(message: str) -> str:
        return message

    @kind.subscriber(broker, "second")
    async def second(message: str) -> None:
        found.append(baggage.get_all())

    token = otel_context.attach(baggage.set_baggage("tenant", "acme"))
    try:
        run(kind, broker, "hello", "first")
    finally:
        otel_context.detach(token)
    assert found == [{"tenant": "acme"}]


@pytest.mark.parametrize(
    "value",
    [b"\xff\xfe", 17, None, ["a", "b"], {"a": 1}, "x" * 10_000, b"", "", "00-1-2-3"],
    ids=lambda value: repr(value)[:20],
)
@pytest.mark.parametrize("name", ["traceparent", "tracestate", "baggage"])
def test_nonsense_is_no_context(
    name: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    """A header of a wrong type, malformed or too long is dropped quietly."""
    context, creation = PROPAGATION.receive({name: value}, EMPTY)
    assert not creation.is_valid
    assert not baggage.get_all(context)
    assert "xxxxxxxx" not in caplog.text


@pytest.mark.parametrize("value", [TRACEPARENT, TRACEPARENT.encode()], ids=type)
def test_text_and_bytes_are_read(value: object) -> None:
    """Clients deliver either."""
    _, found = PROPAGATION.receive({"traceparent": value}, EMPTY)
    assert (found.trace_id, found.span_id, found.is_remote) == (TRACE, SPAN, True)


def test_the_running_context_is_no_messages_context() -> None:
    """Baggage and span of the task that consumes do not leak into a message."""
    token = otel_context.attach(baggage.set_baggage("tenant", "other"))
    try:
        for headers in ({"baggage": 17}, {}):
            assert not baggage.get_all(PROPAGATION.receive(headers, EMPTY)[0])
    finally:
        otel_context.detach(token)


@every_kind
@pytest.mark.parametrize(
    "key",
    ["suppress_instrumentation", otel_context._SUPPRESS_INSTRUMENTATION_KEY],
    ids=["by name", "by key"],
)
def test_suppression(kind: Kind, key: str) -> None:
    """Under suppression nothing is recorded or sent along; the message goes on."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"settle_spans": True})
    received: list[StreamMessage[Any]] = []

    @kind.subscriber(broker, "orders")
    async def handle(body: str, message: Any = Context("message")) -> None:
        received.append(message)

    async def main() -> None:
        # In FastStream's own test broker the handler runs in this task too.
        async with _test_broker(broker)(broker):
            token = otel_context.attach(otel_context.set_value(key, True))
            await kind.publish(broker, "hello", "orders")
            await kind.request(broker, "hello", "orders")
            otel_context.detach(token)

    asyncio.run(main())
    assert not recorder.trace().spans
    assert [message.headers.get("traceparent") for message in received] == [
        None,
        None,
    ]


@every_kind
def test_one_publish_leaves_nothing_to_the_next(kind: Kind) -> None:
    """Span and baggage of a publish are gone with it, in the task that published."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    seen: list[dict[str, Any]] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        seen.append(dict(baggage.get_all()))

    async def main() -> None:
        async with _test_broker(broker)(broker):
            headers = {"baggage": "tenant=acme"}
            await kind.publish(broker, "one", "orders", headers=headers)
            await kind.publish(broker, "two", "orders")

    asyncio.run(main())
    assert seen == [{"tenant": "acme"}, {}]
    assert tree(recorder.trace()) == ["publish orders", "  process orders"] * 2
    assert len({span.trace_id for span in recorder.trace().spans}) == 2


def test_getter_is_the_apis() -> None:
    """Propagators that look through all names get those that are text."""
    getter = HeaderGetter()
    assert isinstance(getter, Getter)
    assert getter.keys({"a": 1, b"b": 2, 3: 3}) == ["a"]


class Broken(TextMapPropagator):
    """Fails whatever it is asked for."""

    def extract(self, *_: Any, **__: Any) -> Any:
        """Raise."""
        raise RuntimeError

    inject = extract

    @property
    def fields(self) -> set[str]:
        """Raise."""
        raise RuntimeError


class Numbers(Broken):
    """Writes what is no text, and reads what is no context."""

    fields = frozenset({"x-number"})  # type: ignore[assignment]

    def extract(self, *_: Any, **__: Any) -> Any:
        """Give nothing."""

    def inject(self, carrier: Any, *_: Any, **__: Any) -> None:
        """Write a number."""
        carrier["x-number"] = 5


class More(CompositePropagator):
    """Writes one header more than its parts."""

    def inject(self, carrier: Any, *arguments: Any, **options: Any) -> None:
        """Write it."""
        super().inject(carrier, *arguments, **options)
        carrier["x-more"] = "yes"


W3C = TraceContextTextMapPropagator(), W3CBaggagePropagator()


@every_kind
@pytest.mark.faults
@pytest.mark.parametrize(
    ("propagator", "more"),
    [
        (CompositePropagator([Broken(), *W3C]), set()),
        (CompositePropagator([*W3C, Broken()]), set()),
        (CompositePropagator([Numbers(), *W3C]), set()),
        (More([*W3C]), {"x-more"}),
    ],
    ids=["first fails", "last fails", "no text", "derived"],
)
def test_each_part_of_a_propagator_does_what_it_can(
    kind: Kind, propagator: Any, more: set[str]
) -> None:
    """One that fails takes nothing from the others, nor from the message."""
    hop = Hop(kind, "publish", {"propagator": propagator})
    came = {"traceparent": f"00-{5:032x}-{5:016x}-01", "baggage": "tenant=acme"}
    (went,) = hop.run(came)
    assert ids(went)[0] == 5
    assert (went["baggage"], "x-number" in went) == ("tenant=acme", False)
    assert more <= set(went)
    assert hop.baggage == [{"tenant": "acme"}]


@every_kind
def test_what_nobody_reads_is_no_context(kind: Kind) -> None:
    """With `OTEL_PROPAGATORS=none` a service passes on what it likes."""
    hop = Hop(kind, "publish", {"propagator": CompositePropagator([])})
    came = {"traceparent": f"00-{5:032x}-{5:016x}-01", "baggage": "tenant=acme"}
    (went,) = hop.run(came)
    assert came.items() <= went.items()


@every_kind
@pytest.mark.faults
def test_baggage_that_is_too_long_does_not_keep_a_message(kind: Kind) -> None:
    """Redis has no room for it, and nobody reads it: the rest of the context goes."""
    broker = kind.traced(SpanRecorder())
    arrived: list[dict[str, Any]] = []

    @kind.subscriber(broker, "orders")
    async def handle(body: str, message: Any = Context("message")) -> None:
        arrived.append(dict(message.headers))

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            otel_context.attach(baggage.set_baggage("notes", "x" * 70_000))
            await kind.publish(broker, "hello", "orders")
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())
    (headers,) = arrived
    assert ("traceparent" in headers, "baggage" in headers) == (True, False)
