"""How many series metrics have: bounded, whatever names and errors come along."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import RecordMetadata, TopicPartition

from faststream_otel import _metrics
from faststream_otel._faststream import producers
from faststream_otel.testing import in_memory
from tests.hops import raw_message
from tests.kinds import KINDS, Kind, every_kind
from tests.test_metrics import Meter

OF = {kind.name: kind for kind in KINDS}
# A tenth of the real bounds, so that few messages are enough.
MOST_WITH_PARTITION, MOST_SERIES, MOST_WITH_ERROR = 90, 100, 110
MANY = 150

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("bounds")]


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bounds be smaller."""
    for name in ("MOST_WITH_PARTITION", "MOST_SERIES", "MOST_WITH_ERROR"):
        real = getattr(_metrics, f"_{name}")
        assert real == 10 * globals()[name]
        monkeypatch.setattr(_metrics, f"_{name}", globals()[name])


def test_the_bounds_come_before_the_sdks() -> None:
    """Which has room for 2,000, and mixes what comes later."""
    assert 10 * MOST_WITH_ERROR < 2_000


def series(meter: Meter) -> dict[str, list[dict[str, Any]]]:
    """The attributes of each series, by metric."""
    found = {
        name: [dict(point.attributes) for point in metric.data.data_points]
        for name, metric in meter.metrics().items()
    }
    for name, each in found.items():
        assert len(each) <= MOST_WITH_ERROR, name
        assert not any("otel.metric.overflow" in one for one in each)
    return found


def with_name(each: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Those of a destination."""
    return [one for one in each if one.get("messaging.destination.name") == name]


def sends(kind: Kind, broker: Any) -> Any:
    """Send by a client that does nothing, and so costs nothing."""

    async def nothing(cmd: Any) -> None: ...

    for producer in producers([broker]):
        producer.publish = nothing

    async def send(name: str, **options: Any) -> None:
        await kind.publish(broker, "x", name, **options)

    return send


def run(kind: Kind, work: Any, **options: Any) -> Meter:
    """Let `work` use a broker that records metrics alone."""
    meter = Meter(shutdown_on_exit=False)
    middleware = kind.middleware(meter_provider=meter.provider, **options)
    broker = kind.broker(middlewares=[middleware], logger=None)

    async def main() -> None:
        async with in_memory(broker):
            await work(broker)

    asyncio.run(main())
    return meter


@every_kind
def test_names_that_users_make_up(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    """First ones keep theirs, templates theirs, and one line says so."""

    async def work(broker: Any) -> None:
        send = sends(kind, broker)
        await send("orders")
        for n in range(MANY):
            await send(f"user.{n}.created")
        await send("orders")
        await send("shop.late")

    meter = run(kind, work, destination_templates=["shop.{name}"])
    found = series(meter)
    for each in found.values():
        assert len(with_name(each, "orders")) == 1
        assert len(with_name(each, "user.7.created")) == 1
        assert not with_name(each, f"user.{MANY - 1}.created")
        templates = {one.get("messaging.destination.template") for one in each}
        assert templates == {None, "shop.{name}"}
        # All those that have no room are counted together.
        (rest,) = [
            one
            for one in each
            if not {"messaging.destination.name", "messaging.destination.template"}
            & one.keys()
        ]
        assert rest["messaging.operation.name"] == "publish"
    counted = meter.metrics()["messaging.client.sent.messages"].data.data_points
    assert sum(point.value for point in counted) == MANY + 3
    told = [r for r in caplog.records if r.name == "faststream_otel"]
    assert [r.getMessage().partition(" comb")[0] for r in told] == ["More than 90"]


def test_a_template_stands_for_all_of_them() -> None:
    """However many there are."""

    async def work(broker: Any) -> None:
        send = sends(OF["nats"], broker)
        for n in range(MANY):
            await send(f"user.{n}.created")

    meter = run(OF["nats"], work, destination_templates=["user.{id}.created"])
    assert {len(each) for each in series(meter).values()} == {1}


@pytest.mark.parametrize("name", ["kafka", "confluent"])
def test_partitions_go_first(name: str) -> None:
    """Topics keep their names where there is no room for all their partitions."""
    kind = OF[name]

    async def work(broker: Any) -> None:
        send = sends(kind, broker)
        for partition in range(MANY):
            await send("orders", partition=partition)
        await send("invoices", partition=1)

    for each in series(run(kind, work)).values():
        orders = with_name(each, "orders")
        without = [
            one for one in orders if "messaging.destination.partition.id" not in one
        ]
        assert len(without) == 1
        assert len(orders) > 80
        assert len(with_name(each, "invoices")) == 1


@every_kind
def test_types_of_errors(kind: Kind) -> None:
    """A class that is made for each error, with a name of its own."""

    async def work(broker: Any) -> None:
        @kind.subscriber(broker, "orders")
        async def handle(body: str) -> None:
            raise type(f"E{body}", (ValueError,), {})

        await broker.start()
        (subscriber,) = broker.subscribers
        process = subscriber.process_message
        for n in range(MANY):
            message = await raw_message(kind, {}, body=str(n))
            with pytest.raises(ValueError):  # noqa: PT011
                await process(message)

    for each in series(run(kind, work)).values():
        types = {one["error.type"] for one in each}
        assert "_OTHER" in types
        assert f"{__name__}.E7" in types
        assert f"{__name__}.E{MANY - 1}" not in types


@pytest.mark.parametrize("partition", [0, 5])
def test_a_partition_that_the_answer_tells(partition: int) -> None:
    """It is on the metrics as on the span."""
    kind = OF["kafka"]

    async def work(broker: Any) -> None:
        answer = RecordMetadata(
            "orders", partition, TopicPartition("orders", partition), 42, 0, 0, 0
        )

        async def publish(cmd: Any) -> Any:
            return answer

        for producer in producers([broker]):
            producer.publish = publish
        await broker.publish("x", topic="orders")

    for each in series(run(kind, work)).values():
        (one,) = each
        assert one["messaging.destination.partition.id"] == str(partition)


def test_the_answer_of_confluent_tells_its_partition() -> None:
    """As it does for the other client."""
    kind = OF["confluent"]

    async def work(broker: Any) -> None:
        async def publish(cmd: Any) -> Any:
            return await raw_message(kind, {}, name="orders")

        for producer in producers([broker]):
            producer.publish = publish
        await broker.publish("x", topic="orders")

    for each in series(run(kind, work)).values():
        (one,) = each
        assert one["messaging.destination.partition.id"] == "0"


def test_an_answer_of_another_type_has_no_partition() -> None:
    """Such as a future, with `no_confirm`."""
    kind = OF["kafka"]

    async def work(broker: Any) -> None:
        async def publish(cmd: Any) -> Any:
            return SimpleNamespace(partition=3)

        for producer in producers([broker]):
            producer.publish = publish
        await broker.publish("x", topic="orders", no_confirm=True)

    for each in series(run(kind, work)).values():
        (one,) = each
        assert "messaging.destination.partition.id" not in one
