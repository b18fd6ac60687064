"""A delivery begins clean: nothing of what its subscriber was started in is its own."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from faststream import Depends
from opentelemetry import baggage, trace
from opentelemetry import context as otel_context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Sampler

from faststream_otel import CurrentBaggage
from faststream_otel.testing import SpanRecorder
from faststream_otel.testing._deliveries import _test_broker
from tests.faulty import Faults
from tests.hops import Hop, raw_message
from tests.kinds import KINDS, Kind, every_kind
from tests.test_propagation import SPAN, TRACE, TRACEPARENT

if TYPE_CHECKING:
    from collections.abc import Mapping

OF = {kind.name: kind for kind in KINDS}
SUPPRESSED = "suppress_instrumentation"


class BrokenSampler(Sampler):
    """Raises, as one that asks a server may."""

    def should_sample(self, *arguments: Any, **options: Any) -> Any:
        raise RuntimeError("sampler")

    def get_description(self) -> str:
        return "broken"


def broken(*arguments: Any, **options: Any) -> Any:
    """Raise, as code of ours that has a fault."""
    raise RuntimeError("ours")


def foreign_context() -> contextvars.Context:
    """A context as that of a task which handles another customer's message."""

    def enter() -> None:
        alices = baggage.set_baggage("customer", "alice")
        span = trace.SpanContext(7, 8, is_remote=False)
        alices = trace.set_span_in_context(trace.NonRecordingSpan(span), alices)
        alices = otel_context.set_value("theirs", "alice", alices)
        otel_context.attach(otel_context.set_value(SUPPRESSED, True, alices))

    context = contextvars.copy_context()
    context.run(enter)
    return context


class Seen:
    """What a handler finds in its context."""

    def __init__(self) -> None:
        self.baggage: Mapping[str, object] = baggage.get_all()
        self.span = trace.get_current_span().get_span_context()
        self.theirs = otel_context.get_value("theirs")


def as_from_server(subscriber: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let deliveries be those of a server: not inside of the call that publishes."""
    # A test broker's producer is known by its module.
    producer = type(subscriber._outer_config.producer)
    monkeypatch.setattr(producer, "__module__", "faststream.server")


def handled(kind: Kind, broker: Any, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Deliver a message of bob's to a subscriber that was started in alice's task."""
    seen: list[Seen] = []

    @kind.subscriber(broker, "orders")
    async def handle(body: Any) -> None:
        seen.append(Seen())

    bobs = {"traceparent": TRACEPARENT, "baggage": "customer=bob"}

    async def main() -> None:
        async with _test_broker(broker)(broker):
            (subscriber,) = broker.subscribers
            as_from_server(subscriber, monkeypatch)
            raw = await raw_message(kind, bobs)
            context = foreign_context()
            before = context.run(otel_context.get_current)

            async def consume() -> None:
                await subscriber.process_message(raw)
                # The task that consumes goes on as it was.
                assert otel_context.get_current() is before

            await context.run(asyncio.ensure_future, consume())

    asyncio.run(main())
    (found,) = seen
    assert found.theirs is None
    return found


@every_kind
def test_a_message_is_handled_in_its_own_context(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Suppression where its subscriber was started says nothing about it either."""
    recorder = SpanRecorder()
    found = handled(kind, kind.traced(recorder), monkeypatch)
    (process,) = recorder.trace().spans
    assert found.baggage == {"customer": "bob"}
    assert (process.trace_id, process.parent_id) == (TRACE, SPAN)
    assert found.span.span_id == process.span_id


@every_kind
@pytest.mark.parametrize("why", ["excluded", "no provider", "sampler", "ids"])
@pytest.mark.faults
def test_a_message_without_a_span_has_its_own_context(
    kind: Kind, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not wanted, or could not be begun: what the message brings is there."""
    options: dict[str, Any] = {"tracer_provider": TracerProvider(BrokenSampler())}
    if why == "excluded":
        options = {"tracer_provider": TracerProvider(), "exclude": ["orders"]}
    elif why == "no provider":
        options = {}
    elif why == "ids":
        provider = TracerProvider(id_generator=None)
        monkeypatch.setattr(provider.id_generator, "generate_span_id", broken)
        options = {"tracer_provider": provider}
    broker = kind.broker(middlewares=[kind.middleware(**options)])
    found = handled(kind, broker, monkeypatch)
    assert found.baggage == {"customer": "bob"}
    assert (found.span.trace_id, found.span.span_id) == (TRACE, SPAN)


@every_kind
@pytest.mark.parametrize("method", ["received", "source"])
@pytest.mark.faults
def test_a_fault_of_our_own_leaves_nobodys_context(
    kind: Kind, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was not read yet: rather no context than that of another customer."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    (middleware,) = broker.middlewares
    setattr(middleware.messages, method, broken)
    found = handled(kind, broker, monkeypatch)
    assert found.baggage == {}
    assert not found.span.is_valid
    assert not recorder.trace().spans


@pytest.mark.parametrize("watches", ["keys", "objects"])
def test_a_watch_is_handled_in_nobodys_context(
    watches: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of a key or an object is no message, and brings nothing."""
    from nats.js.api import ObjectInfo
    from nats.js.kv import KeyValue

    kind = OF["nats"]
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    change: Any = KeyValue.Entry("bucket", "key", b"x", 1, 0, None, None)
    options: dict[str, Any] = {"kv_watch": "bucket"}
    if watches == "objects":
        change = ObjectInfo(name="key", bucket="bucket", nuid="n")
        options = {"obj_watch": True}
    seen: list[Seen] = []

    @broker.subscriber("key", **options)
    async def watch(body: Any) -> None:
        seen.append(Seen())

    async def main() -> None:
        async with _test_broker(broker)(broker):
            (subscriber,) = broker.subscribers
            as_from_server(subscriber, monkeypatch)
            consumed = foreign_context().run(
                asyncio.ensure_future, subscriber.process_message(change)
            )
            await consumed

    asyncio.run(main())
    (found,) = seen
    assert (found.baggage, found.theirs) == ({}, None)
    assert not found.span.is_valid
    assert not recorder.trace().spans


@every_kind
@pytest.mark.parametrize("broken_part", ["sampler", "ids", "on_start", "on_end"])
@pytest.mark.faults
def test_context_goes_on_where_no_span_can_begin(kind: Kind, broken_part: str) -> None:
    """Trace and baggage of a message reach the next hop as if nobody recorded."""

    class Only(Faults):
        def may_fail(self, part: str) -> None:
            if part == broken_part:
                raise RuntimeError(part)

    options = {"tracer_provider": Only(0).options()["tracer_provider"]}

    hop = Hop(kind, "response", options)
    sent = {"traceparent": TRACEPARENT, "baggage": "k=v", "tracestate": "vendor=1"}
    (headers,) = hop.run(sent)
    assert headers["baggage"] == "k=v"
    assert headers["tracestate"] == "vendor=1"
    assert headers["traceparent"].startswith(f"00-{TRACE:032x}-")
    if broken_part != "on_end":
        assert headers["traceparent"] == TRACEPARENT
    assert hop.baggage == [{"k": "v"}]


@every_kind
@pytest.mark.parametrize("handler", ["async", "sync"])
@pytest.mark.parametrize("dependency", ["async", "sync"])
def test_baggage_of_a_dependency_is_kept(
    kind: Kind, handler: str, dependency: str
) -> None:
    """Whether it, or the handler, runs in a thread: handler and answer have it."""
    broker = kind.traced(SpanRecorder())
    seen: list[tuple[str, dict[str, Any]]] = []

    def in_thread(bag: CurrentBaggage) -> None:
        bag.set("tenant", "acme")

    async def in_task(bag: CurrentBaggage) -> None:
        bag.set("tenant", "acme")

    depends = Depends(in_thread if dependency == "sync" else in_task)
    subscriber = kind.subscriber(broker, "first", dependencies=[depends])
    publisher = kind.publisher(broker, "second")

    def first(body: str, bag: CurrentBaggage) -> str:
        seen.append(("first", bag.get_all()))
        return body

    async def first_async(body: str, bag: CurrentBaggage) -> str:
        # The API sees it as well.
        seen.append(("first", dict(baggage.get_all())))
        return first(body, bag)

    subscriber(publisher(first if handler == "sync" else first_async))

    @kind.subscriber(broker, "second")
    async def second(body: str, bag: CurrentBaggage) -> None:
        seen.append(("second", bag.get_all()))

    async def main() -> None:
        async with _test_broker(broker)(broker):
            await kind.publish(broker, "hello", "first")

    asyncio.run(main())
    assert {name for name, _ in seen} == {"first", "second"}
    if (handler, dependency) == ("async", "sync"):
        # The API in a coroutine cannot see what a thread did, until it is asked for.
        seen.pop(0)
    assert all(found == {"tenant": "acme"} for _, found in seen)


@pytest.mark.all_objects
@every_kind
# FastStream's own variables cannot be reset then, and it says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_that_closes_makes_no_noise(
    kind: Kind, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With handlers pending, whose coroutines are closed in another context."""
    ignored: list[str] = []

    def note(unraisable: Any) -> None:
        *_, innermost = traceback.extract_tb(unraisable.exc_traceback)
        ignored.append(innermost.filename)

    monkeypatch.setattr(sys, "unraisablehook", note)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_leave_pending(kind))
    loop.close()
    gc.collect()
    assert not [name for name in ignored if "faststream_otel" in name]
    assert {record.name for record in caplog.records} == {"asyncio"}, "that it knows"


async def _leave_pending(kind: Kind) -> None:
    """Leave behind a handler that waits, and one that waits for a publish."""
    broker = kind.traced(SpanRecorder(), telemetry={"settle_spans": True}, logger=None)
    started = asyncio.Semaphore(0)

    @kind.subscriber(broker, "orders")
    async def handle(body: str) -> None:
        started.release()
        await asyncio.Event().wait()

    @kind.subscriber(broker, "publishes")
    async def publishes(body: str) -> None:
        await kind.publish(broker, body, "orders")

    await _test_broker(broker)(broker).__aenter__()
    tasks = [
        asyncio.ensure_future(kind.publish(broker, name, name))
        for name in ("orders", "publishes")
    ]
    for _ in tasks:
        await started.acquire()
