"""Recordings see what any provider's tracers do, and then leave."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from faststream import FastStream, TestApp
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ConcurrentMultiSpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Sampler
from opentelemetry.util._once import Once

from faststream_otel.testing import assert_trace, in_memory, record
from tests.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.sdk.trace import SpanProcessor

NATS = next(kind for kind in KINDS if kind.name == "nats")
ORDER = """
    publish orders
      process orders
        pack
"""
EXPORTED = ["pack", "process orders", "publish orders"]


def set_global(provider: trace.TracerProvider | None) -> None:
    """Set or unset the global provider as suites do that have one for each test."""
    trace._TRACER_PROVIDER = None
    trace._TRACER_PROVIDER_SET_ONCE = Once()
    if provider is not None:
        trace.set_tracer_provider(provider)


@pytest.fixture(autouse=True)
def a_new_process() -> Iterator[None]:
    """Begin without a global provider, and check that a recording left nothing."""
    before = trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE
    parts = trace._set_tracer_provider, vars(trace.ProxyTracer)["_tracer"]
    set_global(None)
    yield
    assert parts == (trace._set_tracer_provider, vars(trace.ProxyTracer)["_tracer"])
    trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = before


class Shop:
    """A service that has a span of its own, from the global provider."""

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        middleware = NATS.middleware(tracer_provider=provider)
        self.broker = NATS.broker(middlewares=[middleware], logger=None)
        self.app = FastStream(self.broker, logger=None)
        tracer = trace.get_tracer("shop", tracer_provider=provider)

        @self.broker.subscriber("orders")
        async def order(item: str) -> None:
            with tracer.start_as_current_span("pack"):
                pass

    def run(self) -> None:
        """Order once."""

        async def main() -> None:
            async with in_memory(self.broker), TestApp(self.app):
                await self.broker.publish("tea", "orders")

        asyncio.run(main())

    def recorded(self) -> str:
        """The shape of what an order records."""
        with record(self.broker) as recording:
            self.run()
        return recording.trace().shape(kinds=False)


class Exporting:
    """A provider of the SDK, and the names of the spans that it exports."""

    def __init__(self, sampler: Sampler | None = None, **options: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(
            sampler=sampler, resource=Resource({"service.name": "own"}), **options
        )
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.processors = self.provider._active_span_processor._span_processors

    def names(self) -> list[str]:
        """What it has exported."""
        return sorted(span.name for span in self.exporter.get_finished_spans())

    def is_as_it_was(self) -> bool:
        """Whether it has its processors, and no other."""
        return self.provider._active_span_processor._span_processors == self.processors


class Wrapping(trace.TracerProvider):
    """A provider with another inside, as Logfire's, which may be replaced."""

    def __init__(self, inside: trace.TracerProvider) -> None:
        self.anything = inside

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
        return self.anything.get_tracer(*args, **kwargs)


class Slotted(trace.TracerProvider):
    """As above, without a dict."""

    __slots__ = ("_inside",)

    def __init__(self, inside: trace.TracerProvider) -> None:
        self._inside = inside

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
        return self._inside.get_tracer(*args, **kwargs)


class TakesProcessors(trace.TracerProvider):
    """A provider that shows no other, and takes processors."""

    def __init__(self, inside: TracerProvider) -> None:
        self._ask: Callable[..., trace.Tracer] = inside.get_tracer
        self._add: Callable[[SpanProcessor], None] = inside.add_span_processor

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
        return self._ask(*args, **kwargs)

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Add it as the SDK does."""
        self._add(span_processor)


class TracersOnly(trace.TracerProvider):
    """A provider that shows no other, and takes nothing, as ddtrace's."""

    def __init__(self, inside: TracerProvider) -> None:
        self._ask: Callable[..., trace.Tracer] = inside.get_tracer

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
        return self._ask(*args, **kwargs)


class Twice(Wrapping):
    """A wrapper of a wrapper."""

    def __init__(self, inside: trace.TracerProvider) -> None:
        super().__init__(Slotted(inside))


@pytest.mark.parametrize("whose", ["global", "own"])
@pytest.mark.parametrize(
    "wrapped", [lambda each: each, Wrapping, Slotted, Twice, TakesProcessors]
)
def test_any_provider(
    wrapped: Callable[[Any], trace.TracerProvider], whose: str
) -> None:
    """All spans are in the recording, and exported as ever, before and after it."""
    own = Exporting()
    provider = wrapped(own.provider)
    if whose == "global":
        set_global(provider)
    shop = Shop(provider if whose == "own" else None)
    for _ in range(2):
        assert_same(shop.recorded(), ORDER)
    assert own.names() == sorted(EXPORTED * 2)
    shop.run()
    assert own.names() == sorted(EXPORTED * 3)
    assert own.is_as_it_was() or wrapped is TakesProcessors


def assert_same(shape: str, expected: str) -> None:
    """Compare shapes as `assert_trace` does."""
    lines = [
        line.removeprefix("    ") for line in expected.splitlines() if line.strip()
    ]
    assert shape.splitlines() == lines


def test_a_provider_that_is_asked_in_threads() -> None:
    """The SDK has one whose processors are called in a pool, which has no context."""
    own = Exporting(
        active_span_processor=ConcurrentMultiSpanProcessor(), shutdown_on_exit=False
    )
    set_global(own.provider)
    assert_same(Shop().recorded(), ORDER)
    assert own.names() == EXPORTED
    assert own.is_as_it_was()
    own.provider.shutdown()


@pytest.mark.parametrize("wrapped", [Wrapping, TakesProcessors])
def test_the_sampler_is_asked(wrapped: Callable[[Any], trace.TracerProvider]) -> None:
    """What it drops is not recorded."""
    own = Exporting(ALWAYS_OFF)
    set_global(wrapped(own.provider))
    assert not Shop().recorded()
    assert not own.names()


@pytest.mark.parametrize("whose", ["global", "own"])
def test_a_provider_of_tracers_only_is_refused(whose: str) -> None:
    """The reason is told, and nothing is left behind."""
    own, seen = Exporting(), Exporting()
    provider = TracersOnly(own.provider)
    if whose == "global":
        set_global(provider)
    shop = Shop(provider if whose == "own" else None)
    other = Shop(seen.provider)
    with (
        pytest.raises(TypeError, match=r"TracersOnly cannot be recorded: .*processor"),
        record(other.broker, shop.broker),
    ):
        pass
    assert seen.is_as_it_was()
    assert other.recorded()
    shop.run()
    assert own.names() == EXPORTED


def test_a_global_provider_of_tracers_only_does_not_matter_to_others() -> None:
    """A middleware that has its own provider is recorded."""
    set_global(TracersOnly(TracerProvider()))
    assert_same(Shop(TracerProvider()).recorded(), ORDER)


def test_a_provider_of_tracers_only_that_is_set_too_late() -> None:
    """What is missing is not passed over in silence."""
    shop = Shop()

    @shop.app.on_startup
    async def telemetry() -> None:
        trace.set_tracer_provider(TracersOnly(TracerProvider()))

    with record(shop.broker) as recording:
        shop.run()
    with pytest.raises(TypeError, match="TracersOnly cannot be recorded"):
        recording.trace()


@pytest.mark.parametrize("wrapped", [lambda each: each, Wrapping, TakesProcessors])
def test_a_provider_that_is_set_at_startup(
    wrapped: Callable[[Any], trace.TracerProvider],
) -> None:
    """The first test sees what the second sees, and the service's provider stays."""
    own = Exporting()
    shop = Shop()

    @shop.app.on_startup
    async def telemetry() -> None:
        if trace._TRACER_PROVIDER is None:
            trace.set_tracer_provider(wrapped(own.provider))

    for _ in range(2):
        assert_same(shop.recorded(), ORDER)
    assert trace.get_tracer_provider() is not None
    assert own.names() == sorted(EXPORTED * 2)


def test_without_a_provider_there_is_none_to_be_seen() -> None:
    """Code that asks whether there is one is told what it would be without us."""
    shop = Shop()
    with record(shop.broker) as recording:
        assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        shop.run()
    assert_trace(recording.trace(), ORDER)
    with trace.get_tracer("later").start_as_current_span("later") as later:
        assert not later.is_recording()


def test_a_provider_after_a_recording() -> None:
    """Tracers that were used in a recording are those of the provider that comes."""
    shop = Shop()
    assert_same(shop.recorded(), ORDER)
    own = Exporting()
    set_global(own.provider)
    shop.run()
    assert own.names() == EXPORTED


def test_a_provider_for_each_test() -> None:
    """Tracers and brokers of a module see the one that its test has set."""
    shop = Shop()
    each = [Exporting(), Exporting()]
    for own in each:
        set_global(own.provider)
        assert_same(shop.recorded(), ORDER)
    assert [own.names() for own in each] == [EXPORTED, EXPORTED]
    set_global(None)
    assert_same(shop.recorded(), ORDER)
    assert [own.names() for own in each] == [EXPORTED, EXPORTED]


def test_a_provider_that_is_replaced_inside() -> None:
    """Logfire's keeps its place when it is configured again."""
    first, second = Exporting(), Exporting()
    wrapping = Wrapping(first.provider)
    set_global(wrapping)
    shop = Shop()
    with record(shop.broker) as recording:
        shop.run()
        wrapping.anything = second.provider
        # As Logfire does it, tracers that were given out follow.
        shop.broker = Shop().broker
    assert_trace(recording.trace(), ORDER)
    assert_same(Shop().recorded(), ORDER)
    assert second.names() == EXPORTED
    assert first.is_as_it_was()
    assert second.is_as_it_was()


def test_a_provider_that_records_nothing() -> None:
    """The API's own counts as none: what a test switched off can be recorded."""
    set_global(trace.NoOpTracerProvider())
    shop = Shop()
    with record(shop.broker) as recording:
        shop.run()
    assert recording.trace().find("process orders").kind == "CONSUMER"


@pytest.mark.parametrize("made", ["in", "after"])
def test_brokers_made_in_or_after_a_recording(made: str) -> None:
    """They record where they would without it."""
    own = Exporting()
    set_global(own.provider)
    with record(Shop().broker) as recording:
        if made == "in":
            later = Shop()
            later.run()
    if made == "after":
        later = Shop()
        later.run()
    assert own.names() == EXPORTED
    # Of a broker that is not recorded, only what the application does itself is seen.
    names = [span.name for span in recording.trace().spans]
    assert names == (["pack"] if made == "in" else [])
    assert_same(later.recorded(), ORDER)
