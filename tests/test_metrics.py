"""Metrics: the conventions' four, equal to the spans of the same run."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import pytest
from faststream.exceptions import RejectMessage
from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from faststream_otel import __version__
from faststream_otel.testing import RecordedSpan, SpanRecorder, in_memory
from tests.kinds import KINDS, Kind, every_kind
from tests.test_batches import batch_subscriber, deliver, other, receivers
from tests.test_outcome import OrderError
from tests.test_spans import run

OF = {kind.name: kind for kind in KINDS}
NANOSECONDS = 1e9
BUCKETS = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25),
    *(0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
# What the conventions list for a metric; `error.type` where it failed.
ALLOWED = {
    "error.type",
    "messaging.consumer.group.name",
    "messaging.destination.name",
    "messaging.destination.partition.id",
    "messaging.destination.template",
    "messaging.operation.name",
    "messaging.system",
    "server.address",
    "server.port",
}


class Meter:
    """A meter provider, and what was recorded with it."""

    def __init__(self, **options: Any) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider(metric_readers=[self._reader], **options)

    def scopes(self) -> list[Any]:
        """The scopes that recorded something."""
        data: Any = self._reader.get_metrics_data()
        return [
            scope
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
        ]

    def metrics(self) -> dict[str, Any]:
        """Every metric by its name."""
        return {m.name: m for scope in self.scopes() for m in scope.metrics}


def durations(meter: Meter) -> Counter[tuple[str, float]]:
    """Operation and sum of seconds of each point of the two histograms."""
    return Counter(
        (point.attributes["messaging.operation.name"], round(point.sum, 9))
        for name, metric in meter.metrics().items()
        if name.endswith("duration")
        for point in metric.data.data_points
    )


def messages(meter: Meter, name: str) -> dict[str, int]:
    """How many messages a counter counted, by operation."""
    metric = meter.metrics().get(name)
    counted: Counter[str] = Counter()
    for point in metric.data.data_points if metric else ():
        counted[point.attributes["messaging.operation.name"]] += point.value
    return dict(counted)


def span_durations(recorder: SpanRecorder) -> Counter[tuple[str, float]]:
    """Operation and seconds of each span."""
    return Counter((operation(s), round(seconds(s), 9)) for s in recorder.trace().spans)


def operation(span: RecordedSpan) -> str:
    """The name of a span's operation."""
    return str(span.attributes["messaging.operation.name"])


def seconds(span: RecordedSpan) -> float:
    """How long a span was."""
    return (span.end - span.start) / NANOSECONDS


@every_kind
def test_durations_are_those_of_the_spans(kind: Kind) -> None:
    """Each span has its point, and neither lacks what the publisher took."""
    recorder, meter = SpanRecorder(), Meter()
    broker = kind.traced(recorder, telemetry={"meter_provider": meter.provider})

    @kind.subscriber(broker, "first")
    @kind.publisher(broker, "second")
    async def first(message: str) -> str:
        await asyncio.sleep(0.02)
        return message

    @kind.subscriber(broker, "second")
    async def second(message: str) -> None: ...

    run(kind, broker, "hello", "first")
    assert durations(meter) == span_durations(recorder)
    process = next(s for s in recorder.trace().spans if s.name == "process first")
    assert seconds(process) >= 0.02


@every_kind
def test_a_request(kind: Kind) -> None:
    """What is sent, handled and received is counted once each."""
    recorder, meter = SpanRecorder(), Meter()
    broker = kind.traced(recorder, telemetry={"meter_provider": meter.provider})

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> str:
        return message

    async def main() -> None:
        async with in_memory(broker):
            await kind.request(broker, "hello", "orders")

    asyncio.run(main())
    assert durations(meter) == span_durations(recorder)
    # Requests of Kafka are the test brokers' alone, and have no reply.
    replies = {} if kind.system == "kafka" else {"reply": 1}
    sent = messages(meter, "messaging.client.sent.messages")
    assert sent == {"request": 1, **replies}
    assert messages(meter, "messaging.client.consumed.messages") == {
        "process": 1,
        "receive": 1,
    }


@every_kind
def test_counters(kind: Kind) -> None:
    """One a message, the same on every broker and by default."""
    meter = Meter()
    broker = kind.traced(SpanRecorder(), telemetry={"meter_provider": meter.provider})

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    for _ in range(3):
        run(kind, broker, "hello", "orders")
    assert messages(meter, "messaging.client.sent.messages") == {"publish": 3}
    assert messages(meter, "messaging.client.consumed.messages") == {"process": 3}


@pytest.mark.parametrize(
    "kind", [OF["kafka"], OF["confluent"], OF["redis-list"]], ids=str
)
def test_a_batch_that_is_sent_counts_its_messages(kind: Kind) -> None:
    """One duration, as many messages as there are."""
    recorder, meter = SpanRecorder(), Meter()
    broker = kind.traced(recorder, telemetry={"meter_provider": meter.provider})

    async def main() -> None:
        async with in_memory(broker):
            await broker.publish_batch("a", "b", "c", **{kind.sent_to: "orders"})

    asyncio.run(main())
    assert messages(meter, "messaging.client.sent.messages") == {"publish": 3}
    assert durations(meter) == span_durations(recorder)


@receivers
def test_a_batch_that_is_handled_counts_its_messages(kind: Kind) -> None:
    """One duration, as many messages as there are."""
    recorder, meter = SpanRecorder(), Meter()
    broker = kind.traced(recorder, telemetry={"meter_provider": meter.provider})

    @batch_subscriber(kind, broker)
    async def handle(messages: list[str]) -> None: ...

    deliver(kind, broker, [b"a", b"b"], [{"traceparent": other(1)}, {}])
    assert messages(meter, "messaging.client.consumed.messages") == {"process": 2}
    assert durations(meter) == span_durations(recorder)


@every_kind
def test_errors(kind: Kind) -> None:
    """`error.type` is the span's; a decision of the handler has none."""
    recorder, meter = SpanRecorder(), Meter()
    broker = kind.traced(recorder, telemetry={"meter_provider": meter.provider})

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        raise RejectMessage if message == "reject" else OrderError

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            for body in ("reject", "fail"):
                await kind.publish(broker, body, "orders")
            await deliveries.settled()

    asyncio.run(main())
    for name in ("messaging.process.duration", "messaging.client.consumed.messages"):
        points = meter.metrics()[name].data.data_points
        found = sorted(str(point.attributes.get("error.type")) for point in points)
        assert found == ["None", "tests.test_outcome.OrderError"]


@every_kind
def test_attributes_are_of_low_cardinality(kind: Kind) -> None:
    """Only what the conventions list, and no id of a message."""
    meter = Meter()
    broker = kind.traced(
        SpanRecorder(),
        telemetry={"meter_provider": meter.provider, "capture_headers": ["tenant"]},
    )

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    run(kind, broker, "hello", "orders", headers={"tenant": "acme"})
    for name, metric in meter.metrics().items():
        for point in metric.data.data_points:
            allowed = ALLOWED | (
                {"messaging.operation.type"} if "operation.duration" in name else set()
            )
            assert set(point.attributes) <= allowed
            assert point.attributes["messaging.system"] == kind.system
            assert point.attributes["messaging.destination.name"] == "orders"
            assert point.attributes["server.port"] == kind.port


def test_a_template_takes_the_place_of_names() -> None:
    """However many subjects there are, there is one series."""
    meter = Meter()
    broker = OF["nats"].traced(
        SpanRecorder(), telemetry={"meter_provider": meter.provider}
    )

    @broker.subscriber("logs.{user}")
    async def handle(message: str) -> None: ...

    for user in "abc":
        run(OF["nats"], broker, "hello", f"logs.{user}")
    (point,) = meter.metrics()["messaging.process.duration"].data.data_points
    assert point.attributes["messaging.destination.template"] == "logs.{user}"
    assert "messaging.destination.name" not in point.attributes
    assert point.count == 3


def test_a_made_up_name_is_in_no_series() -> None:
    """Nor is that of a request's inbox."""
    meter = Meter()
    broker = OF["nats"].traced(
        SpanRecorder(), telemetry={"meter_provider": meter.provider}
    )
    run(OF["nats"], broker, "hello", "_INBOX.a.b")
    (point,) = meter.metrics()["messaging.client.sent.messages"].data.data_points
    assert "messaging.destination.name" not in point.attributes


def test_instruments() -> None:
    """Units and buckets are the conventions'; scope and schema those of the spans."""
    meter = Meter()
    broker = OF["nats"].traced(
        SpanRecorder(),
        telemetry={"meter_provider": meter.provider, "settle_spans": True},
    )

    @broker.subscriber("orders")
    async def handle(message: str) -> None: ...

    run(OF["nats"], broker, "hello", "orders")
    (scope,) = meter.scopes()
    assert (scope.scope.name, scope.scope.version) == ("faststream_otel", __version__)
    assert scope.scope.schema_url == "https://opentelemetry.io/schemas/1.44.0"
    metrics = meter.metrics()
    assert {name: metric.unit for name, metric in metrics.items()} == {
        "messaging.client.operation.duration": "s",
        "messaging.process.duration": "s",
        "messaging.client.sent.messages": "{message}",
        "messaging.client.consumed.messages": "{message}",
    }
    for name, metric in metrics.items():
        if name.endswith("duration"):
            (point,) = metric.data.data_points
            assert point.explicit_bounds == BUCKETS


def test_unsampled_messages_are_counted_and_timed() -> None:
    """Metrics do not depend on the sampler."""
    meter = Meter()
    middleware = OF["nats"].middleware(
        tracer_provider=TracerProvider(sampler=ALWAYS_OFF),
        meter_provider=meter.provider,
    )
    broker = OF["nats"].broker(middlewares=[middleware])

    @broker.subscriber("orders")
    async def handle(message: str) -> None:
        await asyncio.sleep(0.02)

    run(OF["nats"], broker, "hello", "orders")
    (point,) = meter.metrics()["messaging.process.duration"].data.data_points
    assert (point.count, point.sum >= 0.02) == (1, True)


def test_exemplars_lead_to_the_span() -> None:
    """A point knows the span that it was recorded for."""
    recorder = SpanRecorder()
    meter = Meter(exemplar_filter=AlwaysOnExemplarFilter())
    broker = OF["nats"].traced(recorder, telemetry={"meter_provider": meter.provider})

    @broker.subscriber("orders")
    async def handle(message: str) -> None: ...

    run(OF["nats"], broker, "hello", "orders")
    publish, process = recorder.trace().spans
    metrics = meter.metrics()
    for name, span in (
        ("messaging.client.operation.duration", publish),
        ("messaging.process.duration", process),
    ):
        (point,) = metrics[name].data.data_points
        (exemplar,) = point.exemplars
        assert (exemplar.trace_id, exemplar.span_id) == (span.trace_id, span.span_id)


@pytest.mark.parametrize("kind", [OF["kafka"], OF["confluent"], OF["rabbit"]], ids=str)
def test_queue_time(kind: Kind) -> None:
    """How long the message waited, by the broker's clock; never negative."""
    meter = Meter()
    broker = kind.traced(
        SpanRecorder(),
        telemetry={"meter_provider": meter.provider, "record_queue_time": True},
    )

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    run(kind, broker, "hello", "orders")
    metric = meter.metrics()["faststream.message.queue.duration"]
    (point,) = metric.data.data_points
    assert (metric.unit, point.count) == ("s", 1)
    assert 0 <= point.sum <= 2


def test_queue_time_of_a_stream_of_redis() -> None:
    """Each entry's id says when it was added; one from the future waited not at all."""
    kind = OF["redis-stream"]
    meter = Meter()
    broker = kind.traced(
        SpanRecorder(),
        telemetry={"meter_provider": meter.provider, "record_queue_time": True},
    )

    @batch_subscriber(kind, broker)
    async def handle(messages: list[str]) -> None: ...

    now = int(time.time() * 1000)

    async def main() -> None:
        async with in_memory(broker):
            (subscriber,) = broker.subscribers
            await subscriber.process_message(
                {
                    "type": "bstream",
                    "channel": "orders",
                    "data": [{b"__data__": b"a"}, {b"__data__": b"b"}],
                    "message_ids": [b"%d-0" % (now - 5000), b"%d-0" % (now + 5000)],
                }
            )

    asyncio.run(main())
    (point,) = meter.metrics()["faststream.message.queue.duration"].data.data_points
    assert (point.count, point.min) == (2, 0)
    assert 5 <= point.max < 6


@pytest.mark.parametrize(
    "kind", [OF["nats"], OF["redis-channel"], OF["redis-list"], OF["mqtt"]], ids=str
)
def test_no_queue_time_where_the_broker_tells_nothing(kind: Kind) -> None:
    """Rather none than a guess."""
    meter = Meter()
    broker = kind.traced(
        SpanRecorder(),
        telemetry={"meter_provider": meter.provider, "record_queue_time": True},
    )

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    run(kind, broker, "hello", "orders")
    assert "faststream.message.queue.duration" not in meter.metrics()


@pytest.mark.faults
def test_a_broken_meter_stops_no_message(caplog: pytest.LogCaptureFixture) -> None:
    """What an instrument raises stays with us."""
    broker = OF["nats"].traced(
        SpanRecorder(), telemetry={"meter_provider": MeterProvider()}
    )
    (middleware,) = broker.middlewares
    handled: list[str] = []

    class Broken:
        def record(self, *args: Any) -> None:
            raise RuntimeError("a bug")

    metrics = middleware.telemetry.metrics
    metrics._process = metrics._operation = Broken()

    @broker.subscriber("orders")
    async def handle(message: str) -> None:
        handled.append(message)

    run(OF["nats"], broker, "hello", "orders")
    assert handled == ["hello"]
    (told,) = caplog.records
    assert told.getMessage().startswith("Recording metrics failed")
