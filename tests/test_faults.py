"""Telemetry fails at random, and the application sees what it sees without it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from faststream import AckPolicy, Context, StreamMessage, mqtt
from faststream.exceptions import NackMessage

from faststream_otel._exceptions import OPT_IN
from faststream_otel.testing._deliveries import _test_broker
from tests.faulty import SEEDS, Faults
from tests.kinds import KINDS, Kind, every_kind
from tests.test_settling import acknowledged, settling
from tests.test_transparency import NONE, OPERATIONS, Log, outcome

pytestmark = [
    pytest.mark.faults,
    pytest.mark.filterwarnings("ignore:The integration has been moved"),
]

PARTS = {
    *("sampler", "ids", "on_start", "on_end", "on_emit", "metrics", "inject"),
    *("extract", "fields", "publish hook", "consume hook", "predicate"),
}


@pytest.fixture(autouse=True)
def exceptions_as_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let exceptions be events of spans and log events."""
    monkeypatch.setenv(OPT_IN, "logs/dup")


@every_kind
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.__name__)
def test_the_application_sees_the_same(kind: Kind, operation: Any) -> None:
    """Bodies, headers, errors, answers, acknowledgement."""
    untouched: Log = []
    asyncio.run(operation(kind, kind.broker(), untouched))
    for seed in SEEDS:
        faults = Faults(seed)
        traced: Log = []
        broker = kind.broker(middlewares=[kind.middleware(**faults.options())])
        asyncio.run(operation(kind, broker, traced))
        assert traced == untouched, f"with seed {seed}, {faults.raised} failed"
        assert faults.raised or untouched == [NONE]


@settling
@pytest.mark.parametrize("one_in", [2, 1], ids=["half", "all"])
def test_messages_are_settled_the_same(
    kind: Kind, one_in: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By FastStream and by hand; the handler goes on behind it."""
    settled: Counter[str] = Counter()
    _count_settlements(monkeypatch, settled)

    # MQTT has no negative acknowledgement.
    policy = AckPolicy.NACK_ON_ERROR
    if kind.name == "mqtt":
        policy = AckPolicy.REJECT_ON_ERROR

    async def work(broker: Any, log: Log) -> None:
        @acknowledged(kind, broker, policy)
        async def handle(body: str, message: Any = Context("message")) -> None:
            if body in {"ack", "reject"}:
                await outcome(log, getattr(message, body)())
                log.append(("went on", body, message.committed))
            if body == "raise":
                raise NackMessage

        options: dict[str, Any] = {}
        if kind.name == "mqtt":
            options = {"qos": mqtt.QoS.AT_LEAST_ONCE}
        elif kind.name == "nats":
            options = {"stream": "stream"}
        async with _test_broker(broker)(broker):
            for body in ("ack", "reject", "raise", "leave"):
                await outcome(log, kind.publish(broker, body, "orders", **options))

    untouched: Log = []
    asyncio.run(work(kind.broker(), untouched))
    expected = dict(settled)
    assert expected
    for seed in SEEDS:
        settled.clear()
        traced: Log = []
        faults = Faults(seed, one_in)
        broker = kind.broker(middlewares=[kind.middleware(**faults.options())])
        asyncio.run(work(broker, traced))
        assert (traced, dict(settled)) == (untouched, expected)


def _count_settlements(monkeypatch: pytest.MonkeyPatch, settled: Counter[str]) -> None:
    kinds: list[Any] = [StreamMessage]
    for each in kinds:
        kinds.extend(each.__subclasses__())
        for name in ("ack", "nack", "reject"):
            settle = each.__dict__.get(name)
            if settle is not None:
                monkeypatch.setattr(each, name, _counting(settle, settled))


def _counting(settle: Any, settled: Counter[str]) -> Any:
    async def wrapper(self: Any, *arguments: Any, **options: Any) -> None:
        settled[settle.__qualname__] += 1
        await settle(self, *arguments, **options)

    return wrapper


def test_every_part_has_failed() -> None:
    """The comparison is about faults of all of them."""
    raised: Counter[str] = Counter()
    (kind,) = [kind for kind in KINDS if kind.name == "nats"]
    for operation in OPERATIONS:
        faults = Faults(1)
        broker = kind.broker(middlewares=[kind.middleware(**faults.options())])
        asyncio.run(operation(kind, broker, []))
        raised += faults.raised
    assert set(raised) == PARTS
