"""What a message says of itself, in forms that nobody expects."""

from __future__ import annotations

import asyncio
import enum
from typing import Any

import pytest
from faststream import BaseMiddleware
from opentelemetry import trace

from faststream_otel.testing import SpanRecorder, in_memory
from faststream_otel.testing._deliveries import _test_broker
from tests.hops import raw_message
from tests.kinds import KINDS, Kind, every_kind
from tests.test_batches import batch_subscriber

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


class Links(SpanRecorder):
    """Keeps the links of spans with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, Any]] = []

    def on_end(self, span: Any) -> None:
        """Keep those of a span."""
        super().on_end(span)
        self.links.extend(dict(link.attributes) for link in span.links)


@pytest.mark.parametrize("kind", [OF["nats"], OF["redis-list"]], ids=str)
def test_a_link_of_a_batch_holds_bounded_text(kind: Kind) -> None:
    """A long id fills a request; a lone surrogate makes it fail."""
    recorder = Links()
    broker = kind.traced(recorder)

    @batch_subscriber(kind, broker)
    async def handle(body: list[str]) -> None: ...

    async def main() -> None:
        async with _test_broker(broker)(broker):
            messages = [
                await raw_message(
                    kind,
                    {
                        "traceparent": f"00-{n:032x}-{n:016x}-01",
                        "correlation_id": f"{n} {'c' * 60_000}",
                    },
                )
                for n in (1, 2)
            ]
            message: Any = messages
            if kind.name == "nats":
                messages[0].headers["correlation_id"] = "\udcff"
            else:
                bodies = [each["data"] for each in messages]
                message = {"type": "list", "channel": "orders", "data": bodies}
            await broker.subscribers[0].process_message(message)

    asyncio.run(main())
    texts = [link["messaging.message.conversation_id"] for link in recorder.links]
    assert len(texts) == 2
    assert all(0 < len(text.encode()) <= 4096 for text in texts)


def test_a_captured_header_is_bounded_with_all_its_values() -> None:
    """The first ones are kept, an empty one as well."""
    kind = OF["mqtt"]
    message = asyncio.run(raw_message(kind, {"traceparent": TRACEPARENT}))
    values = ["", "é" * 1000, *("x" * 1000 for _ in range(300))]
    object.__setattr__(
        message.properties,
        "user_properties",
        (
            *message.properties.user_properties,
            *(("tenant", value) for value in values),
        ),
    )
    recorder = deliver(kind, message, capture_headers=["tenant"])
    (span,) = recorder.trace().spans
    assert span.attributes["messaging.header.tenant"] == tuple(values[:4])


class Audit(BaseMiddleware):
    """Sends another message before each, to where nothing is recorded."""

    send: Any = None

    async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
        """Send both."""
        if cmd.destination != "audit":
            await self.send("a longer body")
        return await call_next(cmd)


@every_kind
def test_a_size_is_of_no_other_message(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not of one that a middleware sends before it, recorded or not."""
    recorder = SpanRecorder()
    options = {"record_body_size": True, "exclude": ["audit"]}
    broker = kind.traced(recorder, telemetry=options)
    broker.add_middleware(Audit)

    async def audit(_: Any, body: str) -> None:
        await kind.publish(broker, body, "audit")

    monkeypatch.setattr(Audit, "send", audit)

    async def main() -> None:
        async with in_memory(broker):
            await kind.publish(broker, "hello", "orders")

    asyncio.run(main())
    (span,) = recorder.trace().spans
    assert span.attributes["messaging.message.body.size"] == 5
