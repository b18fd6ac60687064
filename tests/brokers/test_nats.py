"""What only a NATS server shows: JetStream, batches that are pulled, and watches."""

from __future__ import annotations

import asyncio

import pytest
from faststream import nats

from faststream_otel.testing import SpanRecorder, record
from tests.brokers.test_semantics import wire
from tests.brokers.test_wire import OF, named, run, tree
from tests.brokers.wire import PATIENCE, connected

__all__ = ("wire",)

pytestmark = [pytest.mark.broker("nats"), pytest.mark.usefixtures("wire")]


def test_jetstream() -> None:
    """Acknowledged once, by FastStream, below the process span; batches link."""
    recorder = SpanRecorder()
    broker = OF["nats"].traced(recorder, telemetry={"settle_spans": True})
    stream = nats.JStream("guide", subjects=["js.>"], declare=True)

    @broker.subscriber("js.orders", stream=stream, deliver_policy="new")
    async def handle(message: str) -> None: ...

    async def main() -> None:
        async with connected(broker) as deliveries:
            await broker.publish("hello", "js.orders", stream="guide")
            await deliveries.settled()
            await broker._connection.jetstream().delete_stream("guide")

    run(main())
    process = named(recorder, "process js.orders")
    publish = named(recorder, "publish js.orders")
    assert process.parent_id == publish.span_id
    for span in (publish, process):
        assert span.attributes["messaging.message.id"] == "1"
    assert named(recorder, "ack js.orders").parent_id == process.span_id


def test_a_watch_of_a_key() -> None:
    """No span for the change; what its handler publishes starts a trace."""
    recorder = SpanRecorder()
    broker = OF["nats"].traced(recorder)
    handled = asyncio.Event()

    @broker.subscriber("key", kv_watch="guide")
    async def watch(value: bytes) -> None:
        await broker.publish(value, "orders")

    @broker.subscriber("orders")
    async def orders(message: bytes) -> None:
        handled.set()

    async def main() -> None:
        async with broker:
            await broker.start()
            bucket = await broker.key_value("guide")
            await bucket.put("key", b"value")
            await handled.wait()
            await broker._connection.jetstream().delete_key_value("guide")

    run(main())
    assert tree(recorder)[0] == "publish orders PRODUCER"
    assert not any("key" in line for line in tree(recorder))


def test_a_watch_of_a_bucket_of_objects() -> None:
    """As of a key: no span for the change, and a new trace for what follows."""
    recorder = SpanRecorder()
    broker = OF["nats"].traced(recorder)
    handled = asyncio.Event()

    @broker.subscriber("guide", obj_watch=True)
    async def watch(name: str) -> None:
        await broker.publish(name, "orders")

    @broker.subscriber("orders")
    async def orders(name: str) -> None:
        assert name == "report.txt"
        handled.set()

    async def main() -> None:
        async with broker, asyncio.timeout(PATIENCE):
            await broker.start()
            bucket = await broker.object_storage("guide")
            await bucket.put("report.txt", b"all is well")
            await handled.wait()
            await broker._connection.jetstream().delete_object_store("guide")

    run(main())
    assert tree(recorder) == ["publish orders PRODUCER", "  process orders CONSUMER"]


def test_a_batch_that_is_pulled() -> None:
    """It is handled as one, links what it has of each message, and is acknowledged."""
    recorder = SpanRecorder()
    broker = OF["nats"].traced(recorder, telemetry={"settle_spans": True})
    stream = nats.JStream("guide", subjects=["js.>"], declare=True)
    bodies, all_of_them = [], asyncio.Event()

    @broker.subscriber(
        "js.orders",
        stream=stream,
        durable="workers",
        pull_sub=nats.PullSub(batch_size=10, batch=True),
    )
    async def handle(messages: list[str]) -> None:
        bodies.extend(messages)
        if len(bodies) == 3:
            all_of_them.set()

    async def main() -> None:
        async with broker, asyncio.timeout(PATIENCE):
            await broker.start()
            for body in "abc":
                await broker.publish(body, "js.orders", stream="guide")
            await all_of_them.wait()
            await broker.stop()
            await broker.start()
            left = await broker._connection.jetstream().consumer_info(
                "guide", "workers"
            )
            assert left.num_ack_pending == 0
            await broker._connection.jetstream().delete_stream("guide")

    run(main())
    published = [each for each in recorder.trace().spans if each.kind == "PRODUCER"]
    processed = [each for each in recorder.trace().spans if each.kind == "CONSUMER"]
    # The server decides how many there are when they are asked for.
    counts = [each.attributes["messaging.batch.message_count"] for each in processed]
    assert sum(map(int, map(str, counts))) == len(published) == 3
    links = [link for each in processed for link in each.links]
    assert [link.span_id for link in links] == [each.span_id for each in published]
    for each in processed:
        assert each.parent_id is None
        assert each.name == "process js.orders"
    acks = [each for each in recorder.trace().spans if each.name == "ack js.orders"]
    assert {ack.parent_id for ack in acks} == {each.span_id for each in processed}


def test_a_test_waits_for_a_shape() -> None:
    """With a server nobody tells when all is handled: the trace does."""
    broker = OF["nats"].broker(middlewares=[OF["nats"].middleware()])

    @broker.subscriber("orders")
    @broker.publisher("invoices")
    async def bill(order: str) -> str:
        return order

    @broker.subscriber("invoices")
    async def send(invoice: str) -> None: ...

    async def main() -> None:
        with record(broker) as recording:
            async with broker:
                await broker.start()
                await broker.publish("tea", "orders")
                trace = await recording.wait_for(
                    """
                    publish orders [PRODUCER]
                      process orders [CONSUMER]
                        publish invoices [PRODUCER]
                          process invoices [CONSUMER]
                    """,
                    timeout=PATIENCE,
                )
                assert len(trace.spans) == 4
                with pytest.raises(AssertionError, match="publish elsewhere"):
                    await recording.wait_for("publish elsewhere", timeout=0.2)

    run(main())
