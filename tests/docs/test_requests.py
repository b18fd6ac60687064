"""What the page about request and reply says of its programs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from faststream import Response
from faststream.exceptions import FeatureNotSupportedException

from faststream_otel.testing import SpanRecorder, in_memory
from guide.programs import Program
from tests.kinds import KINDS, Kind

ASKING = ("rabbit", "nats", "redis", "mqtt")
KAFKA = [kind for kind in KINDS if kind.system == "kafka"]
ID = "messaging.message.conversation_id"

asking = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.system != "kafka"], ids=str
)


@pytest.mark.parametrize("broker", ASKING)
def test_each_span_of_a_request(broker: str) -> None:
    """Kind, parent and link as in the table, and when they are."""
    recorded = Program(broker, "request_reply").record()
    asker = recorded.find("process orders")
    request = recorded.find("request prices")
    process = recorded.find("process prices")
    reply, receive = recorded.find("reply"), recorded.find("receive")
    kinds = [span.kind for span in (request, process, reply, receive)]
    assert kinds == ["PRODUCER", "CONSUMER", "PRODUCER", "CLIENT"]
    assert request.parent_id == receive.parent_id == asker.span_id
    assert process.parent_id == request.span_id
    assert reply.parent_id == process.span_id
    links = [
        [link.span_id for link in span.links]
        for span in (request, process, reply, receive)
    ]
    assert links == [[], [request.span_id], [], [reply.span_id]]
    assert request.start < reply.end <= request.end <= receive.start
    assert len({span.attributes[ID] for span in (request, process, reply)}) == 1
    assert receive.attributes[ID] == request.attributes[ID]
    addresses = {
        span.attributes["messaging.destination.name"] for span in (reply, receive)
    }
    assert len(addresses) == 1
    for span in (reply, receive):
        assert span.attributes["messaging.destination.temporary"] is True


@asking
def test_a_request_where_no_span_is_current(kind: Kind) -> None:
    """Two traces, with a link from one to the other; headers of a `Response`."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "prices")
    async def tell_price(item: str) -> Response:
        return Response("3 euros", headers={"currency": "EUR"})

    async def main() -> None:
        async with in_memory(broker):
            answer = await kind.request(broker, "tea", "prices")
            assert answer.headers["currency"] == "EUR"
            assert "traceparent" in answer.headers

    asyncio.run(main())
    request, _, reply, receive = recorder.trace().spans
    assert (request.parent_id, receive.parent_id) == (None, None)
    assert request.trace_id != receive.trace_id
    assert [link.span_id for link in receive.links] == [reply.span_id]


@asking
def test_a_time_out(kind: Kind) -> None:
    """An error of the one who asks, and of nobody else."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    late = asyncio.Event()

    @kind.subscriber(broker, "prices")
    async def tell_price(item: str) -> str:
        await late.wait()
        return "3 euros"

    async def main() -> None:
        async with in_memory(broker):
            with pytest.raises(TimeoutError):
                await kind.request(broker, "tea", "prices", timeout=0.01)
            late.set()

    asyncio.run(main())
    request, process, reply = recorder.trace().spans
    assert request.status == "ERROR"
    assert request.attributes["error.type"] == "TimeoutError"
    assert (process.status, reply.status) == ("UNSET", "UNSET")
    assert reply.parent_id == process.span_id


@pytest.mark.parametrize("kind", KAFKA, ids=str)
def test_kafka_has_no_requests(kind: Kind) -> None:
    """FastStream says so when it is asked to make one."""
    broker: Any = kind.broker()
    with pytest.raises(FeatureNotSupportedException):
        asyncio.run(broker.config.producer.request(None))


@pytest.mark.parametrize("broker", ["kafka", "confluent"])
def test_an_answer_to_a_topic(broker: str) -> None:
    """One trace, and one correlation id for question and answer."""
    recorded = Program(broker, "request_reply").record()
    assert len({span.trace_id for span in recorded.spans}) == 1
    assert len({span.attributes[ID] for span in recorded.spans}) == 1
