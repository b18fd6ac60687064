"""Request and reply, and messages that the application fetches itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from faststream import Context
from opentelemetry import baggage, trace
from opentelemetry import context as otel_context

from faststream_otel import CurrentBaggage
from faststream_otel.testing import SpanRecorder, in_memory
from tests.kinds import KINDS, Kind, every_kind
from tests.test_propagation import SPAN, TRACE, TRACEPARENT

OF = {kind.name: kind for kind in KINDS}

# Whose real brokers FastStream has requests for.
answering = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.system != "kafka"], ids=str
)


@every_kind
def test_a_request_is_a_span_of_its_own(kind: Kind) -> None:
    """Its handler is below it, and the answer is received beside the request."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> str:
        return message.upper()

    async def main() -> None:
        async with in_memory(broker):
            answer = await kind.request(broker, "hello", "orders")
            assert await answer.decode() == "HELLO"

    asyncio.run(main())
    request, process, *replies, receive = recorder.trace().spans
    assert (request.name, request.kind) == ("request orders", "PRODUCER")
    assert request.attributes["messaging.operation.type"] == "send"
    assert (process.name, process.parent_id) == ("process orders", request.span_id)
    assert receive.kind == "CLIENT"
    assert receive.name.startswith("receive")
    assert receive.attributes["messaging.operation.type"] == "receive"
    if kind.system == "kafka":
        return  # Its requests are the test brokers' alone, and have no reply.
    (reply,) = replies
    assert (reply.name, reply.parent_id) == ("reply", process.span_id)
    assert [link.span_id for link in receive.links] == [reply.span_id]
    for span in (reply, receive):
        assert span.attributes["messaging.destination.temporary"] is True


@answering
def test_a_request_that_nobody_answers_in_time(kind: Kind) -> None:
    """It fails, and its handler goes on and replies, as with a server."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    late = asyncio.Event()

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> str:
        await late.wait()
        return message

    async def main() -> None:
        async with in_memory(broker):
            with pytest.raises(TimeoutError):
                await kind.request(broker, "hello", "orders", timeout=0.01)
            late.set()

    asyncio.run(main())
    request, process, reply = recorder.trace().spans
    assert (request.status, request.attributes["error.type"]) == (
        "ERROR",
        "TimeoutError",
    )
    assert (process.status, process.parent_id) == ("UNSET", request.span_id)
    assert (reply.name, reply.parent_id) == ("reply", process.span_id)


@answering
def test_a_request_whose_handler_fails(kind: Kind) -> None:
    """In memory, whoever asks is told at once."""
    broker = kind.traced(SpanRecorder())

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> str:
        raise LookupError(message)

    async def main() -> None:
        async with in_memory(broker):
            with pytest.raises(LookupError):
                await kind.request(broker, "hello", "orders")
            # Nobody waits for an answer any more.
            assert len(broker.subscribers) == 1

    asyncio.run(main())


@every_kind
def test_a_request_leaves_the_callers_context_alone(kind: Kind) -> None:
    """Span and baggage afterwards are those before, whatever the answer carries."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> str:
        otel_context.attach(baggage.set_baggage("from", "the answer"))
        return message

    async def main() -> None:
        async with in_memory(broker):
            before = otel_context.attach(baggage.set_baggage("tenant", "acme"))
            tracer = trace.get_tracer(__name__)
            with tracer.start_as_current_span("caller"):
                current = otel_context.get_current()
                await kind.request(broker, "hello", "orders")
                assert otel_context.get_current() == current
            otel_context.detach(before)

    asyncio.run(main())


@every_kind
def test_a_reply_is_a_span_of_its_own(kind: Kind) -> None:
    """It belongs to the handler, and a made-up destination is not in its name."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    answered: list[dict[str, Any]] = []
    temporary = {
        "nats": "_INBOX.abc.def",
        "rabbit": "amq.rabbitmq.reply-to.g1h2AA5yZXBseQ.abc==",
        "redis-channel": "gMTdTjFg1ubuaqBgGCNvuh",
        "mqtt": "_zmqtt/reply/7559dedb7c245fe2902671aba3ba89a3",
    }.get(kind.name)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> str:
        return message

    # A reply goes to a channel on Redis, and to what each broker has elsewhere.
    answers = OF["redis-channel"] if kind.system == "redis" else kind

    @answers.subscriber(broker, "answers")
    async def answer(message: str, headers: dict = Context("message.headers")) -> None:  # type: ignore[type-arg]
        answered.append(headers)

    async def main(reply_to: str) -> None:
        async with in_memory(broker) as deliveries:
            await kind.publish(broker, "hello", "orders", reply_to=reply_to)
            await deliveries.settled()

    asyncio.run(main("answers"))
    publish, process, reply, processed = recorder.trace().spans
    assert (reply.name, reply.kind) == ("reply answers", "PRODUCER")
    assert reply.attributes["messaging.operation.name"] == "reply"
    assert (process.parent_id, reply.parent_id, processed.parent_id) == (
        publish.span_id,
        process.span_id,
        reply.span_id,
    )
    assert "traceparent" in answered[0]

    if temporary is not None:
        asyncio.run(main(temporary))
        reply = recorder.trace().spans[-1]
        assert reply.name == "reply"
        assert reply.attributes["messaging.destination.temporary"] is True
        assert reply.attributes["messaging.destination.name"] == temporary


@every_kind
def test_a_fetched_message_is_a_receive_span(kind: Kind) -> None:
    """A client's span that links the message, below what is current."""
    from faststream._internal.endpoint.utils import process_msg

    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    async def main() -> None:
        async with in_memory(broker):
            subscriber = kind.subscriber(broker, "orders")
            message = await fetched(kind)
            # What `get_one` and iteration do with what their client gave them.
            parser, decoder = subscriber._get_parser_and_decoder()
            with trace.get_tracer(__name__).start_as_current_span("caller"):
                current = otel_context.get_current()
                await process_msg(
                    msg=message,
                    middlewares=(
                        m(message, context=broker.context)
                        for m in subscriber._broker_middlewares
                    ),
                    parser=parser,
                    decoder=decoder,
                )
                assert otel_context.get_current() == current

    asyncio.run(main())
    (receive,) = recorder.trace().spans
    assert (receive.name, receive.kind) == ("receive orders", "CLIENT")
    assert [(link.trace_id, link.span_id) for link in receive.links] == [(TRACE, SPAN)]
    assert receive.trace_id != TRACE
    assert receive.attributes["messaging.message.id"]
    assert "code.function.name" not in receive.attributes


@every_kind
def test_a_delivery_leaves_nothing_current(kind: Kind) -> None:
    """The task that consumes goes on to the next message without this one's span."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str, bag: CurrentBaggage) -> None:
        bag.set("tenant", "acme")

    async def main() -> None:
        async with in_memory(broker):
            (subscriber,) = broker.subscribers
            before = otel_context.get_current()
            await subscriber.process_message(await fetched(kind))
            assert otel_context.get_current() == before

    asyncio.run(main())
    (process,) = recorder.trace().spans
    assert process.parent_id == SPAN


async def fetched(kind: Kind) -> Any:
    """Make what the client of `kind` delivers, with a context."""
    from faststream import confluent, kafka, mqtt, nats, rabbit, redis

    headers: Any = {"traceparent": TRACEPARENT}
    if kind.name == "kafka":
        return await kafka.testing.build_message(
            "x", "orders", headers=headers, serializer=None
        )
    if kind.name == "confluent":
        return await confluent.testing.build_message(
            "x", "orders", headers=headers, correlation_id="c", serializer=None
        )
    if kind.name == "rabbit":
        return await rabbit.testing.build_message("x", "orders", headers=headers)
    if kind.name == "nats":
        return await nats.testing.build_message("x", "orders", headers=headers)
    if kind.name == "mqtt":
        return await mqtt.testing.build_message("x", "orders", headers=headers)
    data: Any = await redis.parser.BinaryMessageFormatV1.encode(
        message="x", reply_to=None, headers=headers, correlation_id="c"
    )
    if kind.name == "redis-stream":
        return {
            "type": "stream",
            "channel": "orders",
            "data": {b"__data__": data},
            "message_ids": [b"1-1"],
        }
    return {"type": "list", "channel": "orders", "data": data}
