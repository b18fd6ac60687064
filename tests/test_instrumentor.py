"""Brokers are instrumented from outside: all of them, once, and until it is undone."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import weakref
from dataclasses import fields
from importlib.metadata import entry_points, requires
from typing import TYPE_CHECKING, Any

import pytest
from faststream import ExceptionMiddleware
from faststream.nats.opentelemetry import (
    NatsTelemetryMiddleware as FaststreamsMiddleware,
)
from opentelemetry.sdk.trace import TracerProvider

from faststream_otel import _faststream, _wrapped, instrumentor
from faststream_otel._middleware import TelemetryMiddleware
from faststream_otel.instrumentor import FastStreamInstrumentor
from faststream_otel.testing import SpanRecorder, in_memory
from tests.kinds import KINDS, Kind, every_kind
from tests.test_fastapi import fastapi_router
from tests.test_packaging import CLIENTS, SDK, imported_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.all_objects

NATS = next(kind for kind in KINDS if kind.name == "nats")
SPANS = ["publish orders", "process orders", "publish next", "process next"]


@pytest.fixture
def recorder() -> SpanRecorder:
    """Keeps the spans of the test."""
    return SpanRecorder()


@pytest.fixture
def instrument(
    recorder: SpanRecorder, unfrozen_at_the_end: None
) -> Iterator[Callable[..., None]]:
    """Instrument brokers, their spans go to `recorder`, and undo it after the test."""
    provider = TracerProvider()
    provider.add_span_processor(recorder)
    # Brokers of other tests that nobody has collected yet are no business of this one.
    # To hide them takes no time; to collect them takes seconds in a large process.
    gc.freeze()

    def instrument(**options: Any) -> None:
        FastStreamInstrumentor().instrument(tracer_provider=provider, **options)

    yield instrument
    if FastStreamInstrumentor().is_instrumented_by_opentelemetry:
        FastStreamInstrumentor().uninstrument()


def serve(kind: Kind, on: Any) -> None:
    """Handle orders on a broker or a router, and publish to the next handler."""

    @kind.subscriber(on, "orders")
    @kind.publisher(on, "next")
    async def handle(message: str) -> str:
        return message

    @kind.subscriber(on, "next")
    async def handle_next(message: str) -> None: ...


def send(kind: Kind, broker: Any) -> None:
    """Publish an order, and wait until all is handled."""

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await kind.publish(broker, "17", "orders")
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())


def names(recorder: SpanRecorder) -> list[str]:
    """The names of all recorded spans."""
    return [span.name for span in recorder.trace().spans]


def telemetry(broker: Any) -> list[object]:
    """The telemetry middlewares that a broker itself has."""
    return [
        each for each in broker.middlewares if isinstance(each, TelemetryMiddleware)
    ]


@every_kind
@pytest.mark.parametrize("made", ["before", "after"])
def test_a_broker_is_traced(
    kind: Kind, made: str, recorder: SpanRecorder, instrument: Callable[..., None]
) -> None:
    """Whether it was made before or after, with its own middleware, in one trace."""
    if made == "after":
        instrument()
    broker = kind.broker()
    serve(kind, broker)
    if made == "before":
        instrument()
    assert [type(each) for each in broker.middlewares] == [kind.middleware]
    send(kind, broker)
    assert names(recorder) == SPANS
    spans = recorder.trace().spans
    assert len({span.trace_id for span in spans}) == 1
    assert {span.attributes["server.port"] for span in spans} == {kind.port}


@every_kind
def test_a_connected_broker_is_traced(
    kind: Kind, recorder: SpanRecorder, instrument: Callable[..., None]
) -> None:
    """It is told where its server is, though it has connected long ago."""
    broker = kind.broker()
    serve(kind, broker)

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            instrument()
            await kind.publish(broker, "17", "orders")
            await deliveries.settled()

    asyncio.run(main())
    spans = recorder.trace().spans
    assert [span.name for span in spans] == SPANS
    assert {span.attributes["server.port"] for span in spans} == {kind.port}


@every_kind
def test_undone(
    kind: Kind, recorder: SpanRecorder, instrument: Callable[..., None]
) -> None:
    """No broker is traced afterwards, old or new, and it can be done again."""
    before = kind.broker()
    serve(kind, before)
    instrument()
    FastStreamInstrumentor().uninstrument()
    after = kind.broker()
    serve(kind, after)
    for broker in (before, after):
        assert not broker.middlewares
        send(kind, broker)
    assert not names(recorder)
    instrument()
    for broker in (before, after):
        assert len(telemetry(broker)) == 1
    send(kind, before)
    assert names(recorder) == SPANS


def test_twice_is_once(
    instrument: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    """To instrument or to undo it again changes nothing, and is no error."""
    instrument()
    broker = NATS.broker()
    instrument()
    FastStreamInstrumentor().instrument(exclude=["*"])
    assert len(broker.middlewares) == 1
    FastStreamInstrumentor().uninstrument()
    FastStreamInstrumentor().uninstrument()
    assert not broker.middlewares
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3


def test_each_broker_has_a_middleware_of_its_own(
    instrument: Callable[..., None],
) -> None:
    """One on several brokers does not know whose message it has."""
    instrument()
    first, second = NATS.broker(), NATS.broker()
    assert first.middlewares[0] is not second.middlewares[0]


@every_kind
@pytest.mark.parametrize("made", ["before", "after"])
def test_a_broker_that_has_the_middleware(
    kind: Kind, made: str, recorder: SpanRecorder, instrument: Callable[..., None]
) -> None:
    """It keeps that one, whose options count, and gets no other."""
    if made == "after":
        instrument()
    own = SpanRecorder()
    broker = kind.traced(own)
    serve(kind, broker)
    (middleware,) = broker.middlewares
    if made == "before":
        instrument()
    send(kind, broker)
    assert (names(own), names(recorder)) == (SPANS, [])
    FastStreamInstrumentor().uninstrument()
    assert list(broker.middlewares) == [middleware]


@every_kind
@pytest.mark.parametrize("included", ["early", "late"])
def test_a_router_that_has_the_middleware(
    kind: Kind, included: str, recorder: SpanRecorder, instrument: Callable[..., None]
) -> None:
    """Its handlers are not traced twice, also if it is included when all is made."""
    instrument()
    own = SpanRecorder()
    router = kind.router(middlewares=kind.traced(own).middlewares)
    serve(kind, router)
    broker = kind.broker(routers=[router] if included == "early" else [])
    if included == "late":
        broker.include_router(router)
    send(kind, broker)
    assert names(own) == SPANS[1:]
    assert not names(recorder)


@every_kind
def test_a_router_that_has_other_middlewares(
    kind: Kind, recorder: SpanRecorder, instrument: Callable[..., None]
) -> None:
    """They run inside the process span."""
    instrument()
    fallback = ExceptionMiddleware(publish_handlers={ZeroDivisionError: lambda: "18"})
    router = kind.router(middlewares=[fallback])

    @kind.subscriber(router, "orders")
    @kind.publisher(router, "next")
    async def handle(message: str) -> float:
        return 1 / 0

    @kind.subscriber(router, "next")
    async def handle_next(message: str) -> None: ...

    broker = kind.broker()
    broker.include_router(router)
    send(kind, broker)
    assert names(recorder) == SPANS
    assert {span.status for span in recorder.trace().spans} == {"UNSET"}


def test_outermost(instrument: Callable[..., None]) -> None:
    """What the application's middlewares do belongs to the span of the message."""
    own = ExceptionMiddleware()
    before = NATS.broker(middlewares=[own])
    instrument()
    after = NATS.broker(middlewares=[own])
    for broker in (before, after):
        (first, second) = broker.middlewares
        assert type(first) is NATS.middleware
        assert second is own


@pytest.mark.filterwarnings("ignore:The integration has been moved")
@every_kind
def test_a_router_of_fastapi(
    kind: Kind, recorder: SpanRecorder, instrument: Callable[..., None]
) -> None:
    """It has a broker of its own, which is one like others."""
    instrument()
    router = fastapi_router(kind)
    serve(kind, router)
    send(kind, router.broker)
    assert names(recorder) == SPANS


def test_faststreams_own_middleware(
    recorder: SpanRecorder,
    instrument: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its broker is left as it is, and the log says so, once."""
    caplog.set_level(logging.WARNING, "faststream_otel")
    instrument()
    broker = NATS.broker(middlewares=[FaststreamsMiddleware()])
    serve(NATS, broker)
    send(NATS, broker)
    assert not telemetry(broker)
    assert not names(recorder)
    (record,) = [each for each in caplog.records if each.name == "faststream_otel"]
    assert record.getMessage().startswith("NatsBroker has FastStream's own")


def test_options_are_passed_on(
    recorder: SpanRecorder, instrument: Callable[..., None]
) -> None:
    """They do what they do in the middleware."""
    instrument(exclude=["next"], record_body_size=True)
    broker = NATS.broker()
    serve(NATS, broker)
    send(NATS, broker)
    assert names(recorder) == SPANS[:2]
    FastStreamInstrumentor().uninstrument()
    instrument(record_body_size=True)
    send(NATS, broker)
    assert names(recorder) == SPANS[:2] + SPANS
    for span in recorder.trace().spans:
        assert span.attributes["messaging.message.body.size"] == 2


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"incoming": "believe"}, ValueError, "choose one of 'continue'"),
        ({"exclude": "orders"}, TypeError, r"pass a list, \['orders'\]"),
        ({"trace_provider": None}, TypeError, "'trace_provider'"),
    ],
)
def test_options_that_make_no_sense(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    """They raise where they are given, not where a broker is made."""
    with pytest.raises(error, match=words):
        FastStreamInstrumentor().instrument(**options)
    assert not FastStreamInstrumentor().is_instrumented_by_opentelemetry
    assert not NATS.broker().middlewares


def test_options_are_those_of_the_middlewares() -> None:
    """None is forgotten; a file can give those that are no objects of Python."""
    options = set(inspect.signature(TelemetryMiddleware).parameters)
    given = set(instrumentor._Options.__annotations__)
    assert given == options | {"skip_dep_check", "raise_exception_on_conflict"}
    in_files = {field.name for field in fields(instrumentor._Configuration)}
    objects = {"propagator", "publish_hook", "consume_hook"}
    providers = {name for name in options if name.endswith("_provider")}
    assert in_files == options - objects - providers


@pytest.mark.faults
def test_a_fault_stays_inside(
    instrument: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker can be made, whatever goes wrong in its instrumentation."""

    def fail(broker: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(instrumentor, "_middleware_of", fail)
    instrument()
    assert not NATS.broker().middlewares


@pytest.mark.parametrize("middlewares", [[], [FaststreamsMiddleware()]])
def test_brokers_can_still_be_collected(
    middlewares: list[Any], instrument: Callable[..., None]
) -> None:
    """Each lives no longer than its application wants it to, instrumented or not."""
    instrument()
    broker = NATS.broker(middlewares=middlewares)
    alive = weakref.ref(broker)
    del broker
    gc.collect()
    assert alive() is None


def test_import_brings_no_client_and_no_sdk() -> None:
    """Every application can be instrumented, whatever clients it has."""
    unwanted = {SDK}.union(*CLIENTS.values())
    code = "faststream_otel.instrumentor as i; i.FastStreamInstrumentor().instrument()"
    assert not unwanted & imported_by(code)


def test_metadata() -> None:
    """`opentelemetry-instrument` finds it, and learns what it works with."""
    (entry,) = entry_points(group="opentelemetry_instrumentor", name="faststream")
    assert entry.load() is FastStreamInstrumentor
    extra = [
        each for each in requires("faststream-otel") or () if "instruments" in each
    ]
    assert [each.partition(";")[0].replace(" ", "") for each in extra] == [
        "faststream<0.8,>=0.7.6"
    ]
    assert instrumentor._INSTRUMENTS == ("faststream >= 0.7.6, < 0.8",)


@every_kind
def test_what_is_wrapped_is_what_runs(kind: Kind) -> None:
    """Every broker is made by way of the method that is wrapped, and has an end."""
    seen: list[object] = []
    _wrapped.watch(seen.append)
    before = len(seen)
    try:
        broker = kind.broker()
    finally:
        _wrapped.unwatch(seen.append)
    assert seen[before:] == [broker]
    ours, other = kind.middleware(), kind.middleware()
    broker.add_middleware(other)
    broker.insert_middleware(ours)
    _faststream.remove_middleware(broker, ours)
    assert list(broker.middlewares) == [other]
