"""What only a server can mix up: context of subscribers, watches, fetched messages."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from faststream import BaseMiddleware, redis
from faststream.nats import NatsMessage  # noqa: TC002 - FastStream reads it
from faststream.redis.parser import BinaryMessageFormatV1
from opentelemetry import baggage, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader

from faststream_otel import CurrentBaggage
from faststream_otel.redis import RedisTelemetryMiddleware
from faststream_otel.testing import SpanRecorder
from tests.brokers.test_semantics import wire
from tests.brokers.test_wire import OF, named, run
from tests.brokers.wire import PATIENCE

__all__ = ("wire",)

pytestmark = [pytest.mark.usefixtures("wire")]
on_nats = pytest.mark.broker("nats")
on_redis = pytest.mark.broker("redis")


@on_nats
def test_a_subscriber_that_a_handler_starts() -> None:
    """Its messages have nothing of the message in whose handler it was started."""
    recorder = SpanRecorder()
    broker = OF["nats"].traced(recorder)
    seen: list[dict[str, object]] = []
    done = asyncio.Event()

    async def late(body: str) -> None:
        seen.append(dict(baggage.get_all()))
        done.set()

    @broker.subscriber("open")
    async def opened(body: str, bag: CurrentBaggage) -> None:
        bag.set("customer", body)
        subscriber = broker.subscriber("late")
        subscriber(late)
        await subscriber.start()
        await broker.publish("bob", "late", headers={"baggage": "customer=bob"})

    async def main() -> None:
        async with broker, asyncio.timeout(PATIENCE):
            await broker.start()
            await broker.publish("alice", "open")
            await done.wait()

    run(main())
    # What the caller wrote stays, and of alice's there is nothing.
    assert seen == [{"customer": "bob"}]


@on_nats
def test_a_watch_that_a_handler_starts() -> None:
    """Each change is handled in an empty context, for as long as the watch lives."""
    recorder = SpanRecorder()
    broker = OF["nats"].traced(recorder)
    seen: list[tuple[dict[str, object], bool]] = []
    started, changed = asyncio.Event(), asyncio.Event()

    async def change(value: Any) -> None:
        span = trace.get_current_span().get_span_context()
        seen.append((dict(baggage.get_all()), span.is_valid))
        changed.set()

    @broker.subscriber("open")
    async def opened(body: str, bag: CurrentBaggage) -> None:
        bag.set("customer", body)
        subscriber = broker.subscriber("key", kv_watch="guide_context")
        subscriber(change)
        await subscriber.start()
        started.set()

    async def main() -> None:
        async with broker, asyncio.timeout(PATIENCE):
            await broker.start()
            bucket = await broker.key_value("guide_context")
            await broker.publish("alice", "open")
            await started.wait()
            for value in (b"1", b"2"):
                changed.clear()
                await bucket.put("key", value)
                await changed.wait()
            await broker._connection.jetstream().delete_key_value("guide_context")

    run(main())
    # A key that was there before is one more change.
    assert len(seen) >= 2
    assert all(each == ({}, False) for each in seen)


@on_nats
def test_a_message_that_was_fetched_is_passed_on() -> None:
    """Its headers are not the caller's own: ours replace them."""
    recorder = SpanRecorder()
    broker = OF["nats"].traced(recorder)
    subscriber = broker.subscriber("fetch")
    got: list[str] = []
    done = asyncio.Event()

    @broker.subscriber("next")
    async def handle(body: str, message: NatsMessage) -> None:
        got.append(message.headers["traceparent"])
        assert "baggage" not in message.headers
        done.set()

    async def main() -> None:
        async with broker, asyncio.timeout(PATIENCE):
            await broker.start()
            fetching = asyncio.create_task(subscriber.get_one(timeout=PATIENCE))
            await asyncio.sleep(0)
            while not fetching.done():
                await broker.publish("x", "fetch", headers={"baggage": "admin=1"})
                await asyncio.wait({fetching}, timeout=0.1)
            message = await fetching
            assert message is not None
            await broker.publish("x", "next", headers=message.headers)
            await done.wait()

    run(main())
    publish = named(recorder, "publish next")
    assert publish.kind == "PRODUCER"
    assert got == [f"00-{publish.trace_id:032x}-{publish.span_id:016x}-03"]


@on_nats
def test_a_command_that_is_sent_twice() -> None:
    """Each time it is another message, with a publish span of its own."""

    class Mirror(BaseMiddleware[Any, Any]):
        async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
            result = await call_next(cmd)
            cmd.destination = "audit"
            await call_next(cmd)
            return result

    recorder = SpanRecorder()
    broker = OF["nats"].traced(recorder)
    broker = OF["nats"].broker(middlewares=[Mirror, *broker.middlewares])
    handled: set[str] = set()
    both = asyncio.Event()

    @broker.subscriber("orders")
    async def orders(body: str) -> None:
        handled.add("orders")
        if len(handled) == 2:
            both.set()

    @broker.subscriber("audit")
    async def audit(body: str) -> None:
        handled.add("audit")
        if len(handled) == 2:
            both.set()

    async def main() -> None:
        async with broker, asyncio.timeout(PATIENCE):
            await broker.start()
            await broker.publish("x", "orders")
            await both.wait()

    run(main())
    for name in ("orders", "audit"):
        publish = named(recorder, f"publish {name}")
        assert (publish.kind, publish.links) == ("PRODUCER", ())
        assert named(recorder, f"process {name}").parent_id == publish.span_id


class Marked(BinaryMessageFormatV1):
    """FastStream's envelope behind a byte of its own."""

    @classmethod
    async def encode(cls, **parts: Any) -> bytes:
        """Put the byte before it."""
        return b"!" + await super().encode(**parts)

    @classmethod
    def parse(cls, data: bytes) -> tuple[bytes, dict[str, Any]]:
        """Take the byte away."""
        assert data[:1] == b"!", "not ours"
        return super().parse(data[1:])


@on_redis
def test_a_format_of_the_applications_own() -> None:
    """A message that is fetched links the one that was published."""
    recorder = SpanRecorder()
    broker = OF["redis-list"].traced(recorder, message_format=Marked)
    subscriber = broker.subscriber(list="marked")

    async def main() -> None:
        async with broker, asyncio.timeout(PATIENCE):
            await broker.start()
            await broker.publish("x", list="marked")
            message = await subscriber.get_one(timeout=PATIENCE)
            assert message is not None
            assert await message.decode() == "x"

    run(main())
    (link,) = named(recorder, "receive marked").links
    assert link.span_id == named(recorder, "publish marked").span_id


@on_redis
def test_an_entry_whose_id_the_producer_made_up() -> None:
    """It says nothing of when it was sent: no time in the queue is recorded."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    middleware = RedisTelemetryMiddleware(
        meter_provider=provider, record_queue_time=True
    )
    broker = redis.RedisBroker(middlewares=[middleware])
    handled: list[bytes] = []
    both = asyncio.Event()

    @broker.subscriber(stream=redis.StreamSub("made_up", last_id="0"))
    async def handle(body: bytes) -> None:
        handled.append(body)
        if len(handled) == 2:
            both.set()

    async def main() -> None:
        async with broker, asyncio.timeout(PATIENCE):
            connection: Any = broker._connection
            await connection.delete("made_up")
            await connection.xadd("made_up", {"__data__": b"old"}, id="7-1")
            await connection.xadd("made_up", {"__data__": b"new"})
            await broker.start()
            await both.wait()
            await connection.delete("made_up")

    run(main())
    data = reader.get_metrics_data()
    assert data is not None
    points = [
        point
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == "faststream.message.queue.duration"
        for point in metric.data.data_points
    ]
    # That of the entry whose id the server made, and of no other.
    (point,) = points
    assert isinstance(point, HistogramDataPoint)
    assert (point.count, point.sum < 60) == (1, True)
