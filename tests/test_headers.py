"""No header, of whatever type or size, makes a handler not run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.context import Context

from faststream_otel.testing import SpanRecorder, in_memory
from tests.kinds import KINDS, Kind
from tests.test_propagation import PROPAGATION, TRACEPARENT

OF = {kind.name: kind for kind in KINDS}

NAMES = st.sampled_from(["traceparent", "tracestate", "baggage", "tenant"])
TEXT = st.one_of(
    st.text(max_size=40),
    st.sampled_from([TRACEPARENT, TRACEPARENT.upper(), "a=b", "a=b;c", ",,,", "=="]),
    st.integers(8_000, 20_000).map(lambda n: "a=" + "x" * n),
    st.integers(1, 300).map(lambda n: ",".join(f"k{i}=v" for i in range(n))),
)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(max_size=40),
    TEXT,
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
)

# What each client can deliver as the value of a header.
DELIVERED = {
    "rabbit": ANYTHING,
    "kafka": st.one_of(st.binary(max_size=40), TEXT.map(str.encode)),
    "confluent": st.one_of(st.none(), st.binary(max_size=40), TEXT.map(str.encode)),
    "nats": TEXT,
    "mqtt": TEXT,
    "redis-channel": TEXT,
}


async def message(kind: Kind, headers: dict[str, Any]) -> Any:
    """Make what the client of `kind` delivers."""
    from faststream import confluent, kafka, mqtt, nats, rabbit, redis

    if kind.name == "kafka":
        record = await kafka.testing.build_message("x", "orders", serializer=None)
        record.headers = list(headers.items())
        return record
    if kind.name == "confluent":
        made: Any = await confluent.testing.build_message(
            "x", "orders", correlation_id="c", serializer=None
        )
        made._headers = list(headers.items())
        return made
    if kind.name == "rabbit":
        made = await rabbit.testing.build_message("x", "orders")
        # aio-pika locks a message that came in.
        object.__setattr__(made, "headers", headers)
        return made
    if kind.name == "nats":
        return await nats.testing.build_message("x", "orders", headers=headers)
    if kind.name == "mqtt":
        return await mqtt.testing.build_message("x", "orders", headers=headers)
    data: Any = await redis.parser.BinaryMessageFormatV1.encode(
        message="x", reply_to=None, headers={}, correlation_id="c"
    )
    envelope = redis.parser.BinaryMessageFormatV1.parse(data)
    import json

    data = json.dumps({"data": envelope[0].decode(), "headers": headers}).encode()
    return {"type": "message", "channel": "orders", "data": data, "pattern": None}


@pytest.mark.parametrize("name", DELIVERED)
@pytest.mark.parametrize("incoming", ["continue", "link"])
def test_the_handler_runs(
    name: str, incoming: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, whatever the headers are; its message has a span, and no line is logged."""
    kind = OF[name]
    recorder = SpanRecorder()
    broker = kind.traced(
        recorder,
        telemetry={"incoming": incoming, "capture_headers": ["tenant", "baggage"]},
    )
    handled: list[Any] = []

    # FastStream's own parsers fail on some headers that ours read: a plain one here.
    async def parser(raw: Any) -> Any:
        from faststream.message import StreamMessage

        return StreamMessage(raw, b"x", content_type="text/plain")

    @kind.subscriber(broker, "orders", parser=parser)
    async def handle(body: str) -> None:
        handled.append(body)

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.dictionaries(NAMES, DELIVERED[name], max_size=4))
    def deliver(headers: dict[str, Any]) -> None:
        async def main() -> None:
            async with in_memory(broker):
                (subscriber,) = broker.subscribers
                await subscriber.process_message(await message(kind, headers))

        asyncio.run(main())
        assert len(handled) == len(recorder.trace().spans)

    deliver()
    assert handled
    # The API would tell of each baggage entry that it drops.
    assert not [r for r in caplog.records if r.name.startswith("opentelemetry")]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.one_of(NAMES, st.integers(), st.binary(max_size=3)), ANYTHING)
)
def test_reading_never_raises(headers: dict[Any, Any]) -> None:
    """Names of any type included."""
    _, creation = PROPAGATION.receive(headers, Context())
    assert creation.is_valid in {True, False}
