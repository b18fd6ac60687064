"""What comes to a traced service from outside, and what goes on from it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from faststream import Context, Response, confluent, kafka, mqtt, nats, rabbit, redis
from opentelemetry import baggage

from faststream_otel.testing import SpanRecorder, in_memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from faststream_otel.testing import Trace
    from guide.kinds import Kind


@dataclass
class Hop:
    """A service between two that nobody traces: `first` is its, `second` the next's.

    Its handler passes on the headers that it was given, as `how` says: by `publish`,
    by a `response`, or not at all (`none`).
    """

    kind: Kind
    how: str = "none"
    options: dict[str, Any] = field(default_factory=dict)
    recorder: SpanRecorder = field(default_factory=SpanRecorder)
    baggage: list[Mapping[str, object]] = field(default_factory=list)
    arrived: list[dict[str, Any]] = field(default_factory=list)

    def run(self, *headers: dict[str, Any]) -> list[dict[str, Any]]:
        """Send a message with each of these headers; give what the next hop gets."""
        kind, how = self.kind, self.how
        inside, outside = kind.traced(self.recorder), kind.broker()
        (traced,) = inside.middlewares
        options = {
            "tracer_provider": traced.telemetry.tracer_provider,
            **self.options,
        }
        inside = kind.broker(middlewares=[kind.middleware(**options)])
        second = kind.publisher(inside, "second") if how != "publish" else _nowhere

        @kind.subscriber(inside, "first")
        @second
        async def first(body: str, message: Any = Context("message")) -> Any:
            self.baggage.append(dict(baggage.get_all()))
            # TestRedisBroker cannot count messages whose headers name one.
            given = {k: v for k, v in message.headers.items() if k != "correlation_id"}
            if how == "publish":
                await kind.publish(inside, body, "second", headers=given)
            return Response(body, headers=given if how == "response" else {})

        @kind.subscriber(outside, "second")
        async def next_hop(body: str, message: Any = Context("message")) -> None:
            self.arrived.append(dict(message.headers))

        async def main() -> None:
            async with in_memory(inside, outside) as deliveries:
                for each in headers:
                    await kind.publish(outside, "hello", "first", headers=each)
                    await deliveries.settled()
            assert not deliveries.errors

        asyncio.run(main())
        assert len(self.arrived) == len(headers)
        return self.arrived

    def trace(self) -> Trace:
        """The spans of the service between."""
        return self.recorder.trace()


def _nowhere(handler: Any) -> Any:
    return handler


def context_of(headers: Mapping[str, Any], name: str) -> list[Any]:
    """Give the values of a header, whatever the case of its name."""
    return [value for key, value in headers.items() if key.lower() == name]


def ids(headers: Mapping[str, Any]) -> tuple[int, int]:
    """Give the trace and span that the one `traceparent` of a message names."""
    (value,) = context_of(headers, "traceparent")
    _, trace_id, span_id, _ = value.split("-")
    return int(trace_id, 16), int(span_id, 16)


async def raw_message(
    kind: Kind, headers: dict[str, Any], body: Any = "x", name: str = "orders"
) -> Any:
    """Make what the client of `kind` delivers."""
    testing: Any = {
        "kafka": kafka.testing,
        "confluent": confluent.testing,
        "rabbit": rabbit.testing,
        "nats": nats.testing,
        "mqtt": mqtt.testing,
    }.get(kind.name)
    if testing is not None:
        options: dict[str, Any] = {}
        if kind.name in {"kafka", "confluent"}:
            options = {"serializer": None}
        if kind.name == "confluent":
            options["correlation_id"] = "c"
        return await testing.build_message(body, name, headers=headers, **options)
    data: Any = await redis.parser.BinaryMessageFormatV1.encode(
        message=body, reply_to=None, headers=headers, correlation_id="c"
    )
    if kind.name == "redis-stream":
        return {
            "type": "stream",
            "channel": name,
            "data": {b"__data__": data},
            "message_ids": [b"1-1"],
        }
    return {"type": kind.name.removeprefix("redis-"), "channel": name, "data": data}


async def fetch(subscriber: Any, message: Any) -> Any:
    """Do what `get_one` and iteration do with what their client gave them."""
    from faststream._internal.endpoint.utils import process_msg

    parser, decoder = subscriber._get_parser_and_decoder()
    return await process_msg(
        msg=message,
        middlewares=(
            middleware(message, context=subscriber._outer_config.fd_config.context)
            for middleware in subscriber._broker_middlewares
        ),
        parser=parser,
        decoder=decoder,
    )
