"""The kit for tests: it records whatever the application's code says, and no longer."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest
from faststream import FastStream
from faststream.exceptions import NackMessage
from faststream.redis import RedisBroker, StreamSub
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from faststream_otel.testing import Trace, assert_trace, in_memory, record
from tests.kinds import KINDS, Kind, every_kind
from tests.traces import CHAIN, span

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 10.0  # seconds
NATS = next(kind for kind in KINDS if kind.name == "nats")
ORDER = """
    publish orders
      process orders
        charge
        publish invoices
          process invoices
"""


@contextmanager
def global_provider(provider: TracerProvider | None) -> Iterator[None]:
    """Let the global provider be this one; the API has no public way to undo it."""
    before, trace._TRACER_PROVIDER = trace._TRACER_PROVIDER, provider
    try:
        yield
        assert trace._TRACER_PROVIDER is provider
    finally:
        trace._TRACER_PROVIDER = before


@pytest.fixture(autouse=True)
def no_global_provider() -> Iterator[None]:
    """What other tests have set is not there, and what these set does not stay."""
    with global_provider(None):
        yield


def exporting() -> tuple[TracerProvider, InMemorySpanExporter]:
    """An application's own provider, and what it exports."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "own"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider, exporter


class Shop:
    """An application with a span of its own."""

    def __init__(self, kind: Kind, provider: TracerProvider | None = None) -> None:
        self.kind = kind
        self.middleware = kind.middleware(tracer_provider=provider)
        self.broker = kind.broker(middlewares=[self.middleware])
        tracer = trace.get_tracer("shop", tracer_provider=provider)

        @kind.subscriber(self.broker, "orders")
        @kind.publisher(self.broker, "invoices")
        async def order(item: str) -> str:
            with tracer.start_as_current_span("charge"):
                return item

        @kind.subscriber(self.broker, "invoices")
        async def invoice(item: str) -> None: ...

    async def run(self) -> None:
        """Order once."""
        async with in_memory(self.broker):
            await self.kind.publish(self.broker, "lamp", "orders")

    def parts(self) -> list[Any]:
        """What a recording changes of the middleware."""
        middleware = self.middleware
        return [middleware.telemetry]


@every_kind
@pytest.mark.parametrize("whose", ["nobody's", "global", "own"])
def test_it_records_whatever_provider_there_is(kind: Kind, whose: str) -> None:
    """Middleware and application are recorded, exported as ever, and then left."""
    provider, exporter = exporting()
    with ExitStack() as stack:
        if whose == "global":
            stack.enter_context(global_provider(provider))
        shop = Shop(kind, provider if whose == "own" else None)
        before, processors = shop.parts(), provider._active_span_processor
        added = processors._span_processors

        with record(shop.broker, service="shop") as recording:
            asyncio.run(shop.run())
        recorded = recording.trace()
        assert_trace(recorded, ORDER)
        services = {span.service for span in recorded.spans}
        assert services == {"shop" if whose == "nobody's" else "own"}
        counted = recording.metrics("messaging.client.consumed.messages")
        assert [point.value for point in counted] == [1, 1]
        timed = recording.metrics("messaging.process.duration")
        assert [(point.unit, point.count) for point in timed] == [("s", 1)] * 2
        assert all(0 < point.sum < 60 for point in timed)

        exported = {span.name for span in exporter.get_finished_spans()}
        names = {span.name for span in recorded.spans}
        assert exported == (set() if whose == "nobody's" else names)
        assert all(a is b for a, b in zip(shop.parts(), before, strict=True)), (
            "the middleware is not as it was"
        )
        assert processors._span_processors == added
        asyncio.run(shop.run())
        assert recording.trace() == recorded


def test_an_application_with_all_its_brokers() -> None:
    """A FastStream brings its brokers; a broker named twice is recorded once."""
    first, second = Shop(NATS), Shop(NATS)
    app = FastStream(first.broker, second.broker)
    with record(app, first.broker) as recording:
        asyncio.run(first.run())
        asyncio.run(second.run())
    assert_trace(recording.trace(), ORDER + ORDER)


def test_a_middleware_of_a_router() -> None:
    """A router's middleware is recorded as the broker's own is."""
    middleware = NATS.middleware()
    router = NATS.router(middlewares=[middleware])
    broker = NATS.broker()

    @router.subscriber("orders")
    async def order(item: str) -> None: ...

    broker.include_router(router)

    async def main() -> None:
        async with in_memory(broker):
            await broker.publish("lamp", "orders")

    with record(broker) as recording:
        asyncio.run(main())
    assert_trace(recording.trace(), "process orders")


def test_a_broker_without_middleware_is_refused() -> None:
    """An empty trace would not tell why it is empty."""
    with (
        pytest.raises(ValueError, match="has a telemetry middleware"),
        record(NATS.broker()),
    ):
        pass


def test_the_sampler_is_the_applications() -> None:
    """What it drops is not recorded, and metrics are."""
    shop = Shop(NATS, TracerProvider(sampler=ALWAYS_OFF))
    with record(shop.broker) as recording:
        asyncio.run(shop.run())
    assert not recording.trace().spans
    assert recording.metrics("messaging.process.duration")


@pytest.mark.parametrize("has_global", [False, True])
@pytest.mark.parametrize("first_to_end", ["outer", "inner"])
def test_recordings_of_one_broker(first_to_end: str, has_global: bool) -> None:
    """Each has the spans of its time, the newest the metrics, however they end."""
    with global_provider(exporting()[0] if has_global else None):
        nested(first_to_end)


def nested(first_to_end: str) -> None:
    """Record one broker twice at a time."""
    shop = Shop(NATS)
    before = shop.parts()
    outer, inner = record(shop.broker), record(shop.broker)
    one = outer.__enter__()
    two = inner.__enter__()
    asyncio.run(shop.run())
    left, other = (outer, inner) if first_to_end == "outer" else (inner, outer)
    left.__exit__(None, None, None)
    asyncio.run(shop.run())
    other.__exit__(None, None, None)
    ended, last = (one, two) if first_to_end == "outer" else (two, one)
    assert_trace(ended.trace(), ORDER)
    assert_trace(last.trace(), ORDER + ORDER)
    assert sum(point.count for point in two.metrics("messaging.process.duration")) == (
        4 if first_to_end == "outer" else 2
    )
    assert shop.parts() == before


@pytest.mark.parametrize("has_global", [False, True])
def test_recordings_at_the_same_time(has_global: bool) -> None:
    """Each has the spans of its own broker, and of that broker's handlers."""
    first, second = Shop(NATS), Shop(NATS)

    async def main() -> None:
        await asyncio.gather(first.run(), second.run())

    with global_provider(exporting()[0] if has_global else None):
        with record(first.broker) as one, record(second.broker) as two:
            asyncio.run(main())
        assert_trace(one.trace(), ORDER)
        assert_trace(two.trace(), ORDER)
        assert {s.trace_id for s in one.trace().spans}.isdisjoint(
            s.trace_id for s in two.trace().spans
        )


def test_tracers_outlive_a_recording() -> None:
    """The application's tracer records in each recording, and nothing in between."""
    shop = Shop(NATS)
    tracer = trace.get_tracer("test")
    with record(shop.broker) as first:
        asyncio.run(shop.run())
        tracer.start_span("ping").end()
    with tracer.start_as_current_span("between") as between:
        assert not between.is_recording()
    with record(shop.broker) as second:
        asyncio.run(shop.run())
    assert_trace(first.trace(), ORDER + "    ping")
    assert_trace(second.trace(), ORDER)


def test_a_span_that_began_before() -> None:
    """It is no part of the recording, and does not stop it."""
    provider, _ = exporting()
    shop = Shop(NATS, provider)
    begun = provider.get_tracer("test").start_span("before")
    with record(shop.broker) as recording:
        begun.end()
        asyncio.run(shop.run())
    assert_trace(recording.trace(), ORDER)


def test_reproducible() -> None:
    """The same run gives the same trace: times, ids and all."""
    traces = []
    for _ in range(2):
        shop = Shop(NATS)
        with record(shop.broker, reproducible=True) as recording:
            asyncio.run(shop.run())
        traces.append(recording.trace())
    assert traces[0] == traces[1]
    assert traces[0].spans[0].trace_id == 1


def test_find() -> None:
    """The one span of a name; else what there is."""
    assert CHAIN.find("process second").service == "second"
    with pytest.raises(LookupError, match=r"0 spans are named 'x'.*'process third'"):
        CHAIN.find("x")
    twice = Trace((*CHAIN.spans, *CHAIN.spans))
    with pytest.raises(LookupError, match="2 spans are named 'publish first'"):
        twice.find("publish first")
    with pytest.raises(LookupError, match="recorded: none"):
        Trace(()).find("x")


FAILED = Trace(
    (
        span(1, "publish orders", "PRODUCER", "shop", 0, 1),
        span(
            2,
            "process orders",
            "CONSUMER",
            "shop",
            1,
            2,
            parent=1,
            status="ERROR",
            attributes={"error.type": "shop.OutOfStock"},
        ),
    )
)


def test_shape() -> None:
    """Names, kinds and errors, each span below its parent."""
    assert FAILED.shape() == (
        "publish orders [PRODUCER]\n  process orders [CONSUMER] ✗ OutOfStock"
    )
    assert_trace(FAILED, FAILED.shape())
    assert_trace(FAILED, FAILED.shape(kinds=False))
    assert_trace(Trace(()), "")


@pytest.mark.parametrize(
    ("expected", "difference"),
    [
        ("publish orders\n  process orders", "+  process orders ✗ OutOfStock"),
        ("publish orders\nprocess orders ✗ OutOfStock", "-process orders ✗ OutOfStock"),
        ("publish orders", "+  process orders ✗ OutOfStock"),
        (f"{FAILED.shape()}\npublish orders [PRODUCER]", "-publish orders [PRODUCER]"),
        ("publish orders [CLIENT]", "+publish orders [PRODUCER]"),
        ("", "+publish orders"),
    ],
)
def test_another_shape_is_told(expected: str, difference: str) -> None:
    """The message has the lines that differ, `+` those that were recorded."""
    with pytest.raises(AssertionError) as raised:
        assert_trace(FAILED, expected)
    assert difference in str(raised.value).splitlines()


@pytest.mark.parametrize(
    "kind",
    # Elsewhere, two that listen to one destination compete for its messages.
    [kind for kind in KINDS if kind.name not in {"rabbit", "redis-list"}],
    ids=str,
)
def test_handlers_of_one_message(kind: Kind) -> None:
    """Neither waits for the other, and neither sees what the other set or raised."""
    broker = kind.broker(middlewares=[kind.middleware()])
    first, second = asyncio.Event(), asyncio.Event()
    seen: list[str] = []
    found: ContextVar[str] = ContextVar("found", default="nothing")

    @kind.subscriber(broker, "orders")
    async def fail(item: str) -> None:
        seen.append(found.get())
        found.set("something")
        first.set()
        await second.wait()
        raise LookupError(item)

    @kind.subscriber(broker, "orders")
    async def handle(item: str) -> None:
        seen.append(found.get())
        second.set()
        await first.wait()

    async def main() -> list[BaseException]:
        async with in_memory(broker) as deliveries:
            await kind.publish(broker, "tea", "orders")
        return deliveries.errors

    (error,) = asyncio.run(asyncio.wait_for(main(), PATIENCE))
    assert isinstance(error, LookupError)
    assert seen == ["nothing"] * 2


def test_a_group_of_redis_hands_on_what_one_has_refused() -> None:
    """And only that: FastStream's test broker asks how the first has handled it."""
    broker, other = RedisBroker(), RedisBroker()
    seen: list[str] = []

    @broker.subscriber(stream=StreamSub("orders", group="all", consumer="first"))
    async def refuse(item: str) -> None:
        seen.append(f"first {item}")
        if item == "spam":
            raise NackMessage

    @other.subscriber(
        stream=StreamSub("orders", group="all", consumer="again", min_idle_time=1)
    )
    async def claim(item: str) -> None:
        seen.append(f"again {item}")

    async def main() -> None:
        async with in_memory(broker, other) as deliveries:
            for item in ("tea", "spam"):
                await broker.publish(item, stream="orders")
                await deliveries.settled()

    asyncio.run(main())
    assert seen == ["first tea", "first spam", "again spam"]
