"""Headers that a handler passes on: what was refused when it came goes no further."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from faststream import Context
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)

from faststream_otel.testing import SpanRecorder, in_memory
from tests.hops import Hop, context_of, fetch, ids, raw_message
from tests.kinds import KINDS, Kind, every_kind
from tests.test_propagation import TRACE, TRACEPARENT

passing_on = pytest.mark.parametrize("how", ["publish", "response"])

# What a stranger may have sent. The propagators of W3C read their own names alone.
STRANGERS: tuple[dict[str, Any], ...] = (
    {"baggage": "admin=1"},
    {"baggage": "admin=1", "traceparent": "junk"},
    {"baggage": "admin=1", "traceparent": TRACEPARENT, "tracestate": "vendor=1"},
    {"Baggage": "admin=1;secret=x,role=root", "TraceParent": TRACEPARENT},
    {"baggage": "admin=1", "TRACESTATE": "vendor=1", "traceparent": ""},
)


@every_kind
@passing_on
def test_what_is_ignored_goes_no_further(kind: Kind, how: str) -> None:
    """Neither baggage nor trace of a stranger, however malformed or spelled."""
    hop = Hop(kind, how, {"incoming": "ignore"})
    for headers in hop.run(*STRANGERS):
        assert not context_of(headers, "baggage")
        assert not context_of(headers, "tracestate")
        assert ids(headers)[0] != TRACE
    sent = [s for s in hop.trace().spans if s.name == "publish second"]
    # The service is the producer: what came along is no context of the caller's.
    assert {(span.kind, span.links) for span in sent} == {("PRODUCER", ())}
    assert list(map(ids, hop.arrived)) == [(s.trace_id, s.span_id) for s in sent]
    assert hop.baggage == [{}] * len(STRANGERS)


@every_kind
@passing_on
@pytest.mark.parametrize("incoming", ["continue", "link", "ignore"])
def test_refused_baggage_goes_no_further(kind: Kind, how: str, incoming: str) -> None:
    """Only keys that are accepted do, and only where the sender is believed."""
    options = {"incoming": incoming, "baggage_keys": ["tenant"]}
    sent = (
        {"baggage": "admin=1,tenant=acme"},
        {"Baggage": "tenant=acme,%61dmin=1", "traceparent": "00-zz-garbage"},
        {"baggage": "admin=1", "BAGGAGE": "tenant=acme", "traceparent": TRACEPARENT},
    )
    hop = Hop(kind, how, options)
    arrived = [context_of(headers, "baggage") for headers in hop.run(*sent)]
    accepted = [] if incoming == "ignore" else ["tenant=acme"]
    # Where both spellings are there, that in lower case counts.
    assert arrived == [accepted, accepted, []]
    expected = {"tenant": "acme"} if accepted else {}
    assert hop.baggage == [expected, expected, {}]


@every_kind
@passing_on
def test_junk_goes_no_further(kind: Kind, how: str) -> None:
    """What is malformed makes room for the context of our own span."""
    junk = (
        "00-zz-garbage",
        "",
        f"00-{0:032x}-{1:016x}-01",
        f"ff-{TRACE:032x}-{1:016x}-01",
        "x" * 9_000,
    )
    hop = Hop(kind, how)
    arrived = hop.run(*({"traceparent": value} for value in junk))
    sent = [span for span in hop.trace().spans if span.name == "publish second"]
    assert list(map(ids, arrived)) == [(s.trace_id, s.span_id) for s in sent]
    assert len({span.trace_id for span in sent}) == len(junk)


class LikeB3(TextMapPropagator):
    """Reads more headers than its `fields` say, as B3's does."""

    fields = {"x-b3-traceid", "x-b3-spanid", "x-b3-sampled"}  # noqa: RUF012

    def inject(self, carrier: Any, context: Any = None, setter: Any = None) -> None:
        span = get_current_span(context).get_span_context()
        carrier["x-b3-traceid"] = f"{span.trace_id:032x}"
        carrier["x-b3-spanid"] = f"{span.span_id:016x}"
        carrier["x-b3-sampled"] = "1"

    def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Any:
        trace_id = getter.get(carrier, "x-b3-traceid")
        span_id = getter.get(carrier, "x-b3-spanid")
        flags = getter.get(carrier, "x-b3-flags")
        if not (trace_id and span_id):
            return context
        sampled = TraceFlags(1 if flags == ["1"] else 0)
        found = SpanContext(int(trace_id[0], 16), int(span_id[0], 16), True, sampled)
        return set_span_in_context(NonRecordingSpan(found), context)


class LikeJaeger(TextMapPropagator):
    """Finds headers by what their names begin with, as Jaeger's baggage is found."""

    fields = {"uber-trace-id"}  # noqa: RUF012

    def inject(self, carrier: Any, context: Any = None, setter: Any = None) -> None:
        span = get_current_span(context).get_span_context()
        carrier["uber-trace-id"] = f"{span.trace_id:x}:{span.span_id:x}:0:1"

    def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Any:
        for key in getter.keys(carrier):
            if key.startswith("uberctx-"):
                getter.get(carrier, key)
        return context


@every_kind
@passing_on
@pytest.mark.parametrize("incoming", ["continue", "ignore"])
def test_other_propagators_headers_go_no_further(
    kind: Kind, how: str, incoming: str
) -> None:
    """Not even those that a propagator reads and does not list."""
    sent = {
        "x-b3-traceid": f"{TRACE:032x}",
        "X-B3-SpanId": f"{1:016x}",
        "x-b3-flags": "1",
        "kept": "yes",
    }
    hop = Hop(kind, how, {"incoming": incoming, "propagator": LikeB3()})
    (headers,) = hop.run(sent)
    (span,) = [span for span in hop.trace().spans if span.name == "publish second"]
    assert (span.trace_id == TRACE) is (incoming == "continue")
    assert not context_of(headers, "x-b3-flags")
    assert context_of(headers, "x-b3-traceid") == [f"{span.trace_id:032x}"]
    assert context_of(headers, "x-b3-spanid") == [f"{span.span_id:016x}"]
    assert headers["kept"] == "yes"

    stranger = {"uber-trace-id": "1:2:0:1", "uberctx-admin": "1", "kept": "yes"}
    hop = Hop(kind, how, {"incoming": incoming, "propagator": LikeJaeger()})
    (headers,) = hop.run(stranger)
    assert not context_of(headers, "uberctx-admin")
    (uber,) = context_of(headers, "uber-trace-id")
    assert uber != "1:2:0:1"
    assert headers["kept"] == "yes"


@every_kind
@pytest.mark.parametrize("incoming", ["continue", "ignore"])
def test_headers_of_a_fetched_message_are_not_the_callers_own(
    kind: Kind, incoming: str
) -> None:
    """Whoever got it by `get_one`, and passes its headers on, produces a message."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"incoming": incoming})
    subscriber = kind.subscriber(broker, "orders")
    arrived: list[dict[str, Any]] = []

    @kind.subscriber(broker, "next")
    async def next_hop(body: str, message: Any = Context("message")) -> None:
        arrived.append(message.headers)

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            for sent in (
                {"traceparent": TRACEPARENT, "baggage": "admin=1", "kept": "yes"},
                {"TraceParent": "junk", "BAGGAGE": "admin=1", "kept": "yes"},
            ):
                message = await fetch(subscriber, await raw_message(kind, sent))
                passed = {
                    k: v for k, v in message.headers.items() if k != "correlation_id"
                }
                # In another task than that which fetched it.
                await asyncio.create_task(
                    kind.publish(broker, "hello", "next", headers=passed)
                )
                await deliveries.settled()

    asyncio.run(main())
    published = [s for s in recorder.trace().spans if s.name == "publish next"]
    assert {(span.kind, span.links) for span in published} == {("PRODUCER", ())}
    for span, headers in zip(published, arrived, strict=True):
        assert ids(headers) == (span.trace_id, span.span_id)
        assert not context_of(headers, "baggage")
        assert headers["kept"] == "yes"


@pytest.mark.parametrize(
    # FastStream's brokers of Kafka cannot ask.
    "kind",
    [kind for kind in KINDS if kind.system != "kafka"],
    ids=str,
)
def test_headers_of_an_answer_are_not_the_callers_own(kind: Kind) -> None:
    """Nor those of what `request` returned."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    arrived: list[dict[str, Any]] = []

    @kind.subscriber(broker, "orders")
    async def handle(body: str) -> str:
        return body

    @kind.subscriber(broker, "next")
    async def next_hop(body: str, message: Any = Context("message")) -> None:
        arrived.append(message.headers)

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            answer = await kind.request(broker, "hello", "orders")
            assert "traceparent" in answer.headers
            passed = {k: v for k, v in answer.headers.items() if k != "correlation_id"}
            await kind.publish(broker, "hello", "next", headers=passed)
            await deliveries.settled()

    asyncio.run(main())
    (span,) = [s for s in recorder.trace().spans if s.name == "publish next"]
    assert (span.kind, span.links) == ("PRODUCER", ())
    assert ids(arrived[0]) == (span.trace_id, span.span_id)


@every_kind
def test_a_context_of_the_callers_own_is_kept_beside_what_came(kind: Kind) -> None:
    """A handler that writes a context itself is believed, as any caller is."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    own = f"00-{TRACE + 1:032x}-{7:016x}-01"

    @kind.subscriber(broker, "first")
    async def first(body: str, message: Any = Context("message")) -> None:
        headers = {"traceparent": own, "baggage": message.headers["baggage"]}
        await kind.publish(broker, body, "second", headers=headers)

    @kind.subscriber(broker, "second")
    async def second(body: str) -> None: ...

    async def main() -> None:
        outside = kind.broker()
        async with in_memory(broker, outside) as deliveries:
            headers = {"traceparent": TRACEPARENT, "baggage": "tenant=acme"}
            await kind.publish(outside, "hello", "first", headers=headers)
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())
    (span,) = [s for s in recorder.trace().spans if s.name == "publish second"]
    assert span.kind == "CLIENT"
    assert [(link.trace_id, link.span_id) for link in span.links] == [(TRACE + 1, 7)]
