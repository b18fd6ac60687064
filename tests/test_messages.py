"""What a message says of itself, in forms that nobody expects."""

from __future__ import annotations

import asyncio
import enum
from typing import Any

import pytest
from opentelemetry import trace

from faststream_otel.testing import SpanRecorder, in_memory
from faststream_otel.testing._deliveries import _test_broker
from tests.hops import raw_message
from tests.kinds import KINDS, Kind, every_kind

OF = {kind.name: kind for kind in KINDS}
TRACE_ID = 0x11111111111111111111111111111111
TRACEPARENT = f"00-{TRACE_ID:032x}-2222222222222222-01"


class Topic(str, enum.Enum):
    """Names of destinations, as many applications write them."""

    ORDERS = "orders"


@every_kind
def test_a_name_may_be_a_member_of_an_enumeration(kind: Kind) -> None:
    """It is recorded as the text that it is, as the broker has it."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(body: str) -> None: ...

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await kind.publish(broker, "hello", Topic.ORDERS)
            await deliveries.settled()

    asyncio.run(main())
    publish, process = recorder.trace().spans
    assert (publish.name, process.name) == ("publish orders", "process orders")
    for span in (publish, process):
        names = [v for v in span.attributes.values() if isinstance(v, str)]
        assert {type(name) for name in names} == {str}
        assert span.attributes["messaging.destination.name"] == "orders"


def deliver(kind: Kind, message: Any, **telemetry: Any) -> SpanRecorder:
    """Deliver a message to a handler that continues the trace of `TRACEPARENT`."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry=telemetry)
    seen: list[int] = []

    @kind.subscriber(broker, "orders")
    async def handle(body: str) -> None:
        seen.append(trace.get_current_span().get_span_context().trace_id)

    async def main() -> None:
        async with _test_broker(broker)(broker):
            await broker.subscribers[0].process_message(message)

    asyncio.run(main())
    assert seen == [TRACE_ID]
    return recorder


@pytest.mark.parametrize(
    "reply",
    [
        "$JS.ACK.x",
        "$JS.ACK.a.b.c.d.e.f.g",
        f"$JS.ACK.a.b.1.1.1.{10**26}.1",
    ],
)
def test_a_sender_may_ask_for_an_answer_anywhere(reply: str) -> None:
    """On core NATS, where JetStream says when and as which a message was stored."""
    kind = OF["nats"]
    message = asyncio.run(raw_message(kind, {"traceparent": TRACEPARENT}))
    message.reply = reply
    recorder = deliver(kind, message, record_queue_time=True)
    assert recorder.trace().spans[0].name == "process orders"


def test_mqtt_has_properties_that_stand_there_twice() -> None:
    """Both values are recorded, as of other brokers."""
    kind = OF["mqtt"]
    message = asyncio.run(raw_message(kind, {"traceparent": TRACEPARENT}))
    twice = (("tenant", "a"), ("tenant", "b"))
    object.__setattr__(
        message.properties,
        "user_properties",
        (*message.properties.user_properties, *twice),
    )
    recorder = deliver(kind, message, capture_headers=["tenant"])
    (span,) = recorder.trace().spans
    assert span.attributes["messaging.header.tenant"] == ("a", "b")
