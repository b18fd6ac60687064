"""Header names in any case: read, recognised, replaced and captured."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from faststream_otel.testing import SpanRecorder, in_memory
from tests.hops import Hop, context_of, ids, raw_message
from tests.kinds import KINDS, Kind, every_kind
from tests.test_options import send
from tests.test_outgoing import send as publish
from tests.test_propagation import SPAN, TRACE, TRACEPARENT
from tests.test_spans import run

OF = {kind.name: kind for kind in KINDS}
OTHER = f"00-{TRACE + 1:032x}-{SPAN + 1:016x}-01"


@every_kind
def test_a_context_in_any_case_is_continued(kind: Kind) -> None:
    """And goes on under one name, however it was spelled and whoever passes it on."""
    spelled = ("traceparent", "Traceparent", "TRACEPARENT", "tRaceParent")
    for how in ("publish", "response"):
        hop = Hop(kind, how)
        arrived = hop.run(
            *(
                {name: TRACEPARENT, "BAGGAGE": "k=v", "Tracestate": "a=1"}
                for name in spelled
            )
        )
        sent = [s for s in hop.trace().spans if s.name == "publish second"]
        assert {span.trace_id for span in hop.trace().spans} == {TRACE}
        assert list(map(ids, arrived)) == [(s.trace_id, s.span_id) for s in sent]
        for headers in arrived:
            assert context_of(headers, "baggage") == ["k=v"]
            assert context_of(headers, "tracestate") == ["a=1"]
        assert hop.baggage == [{"k": "v"}] * len(spelled)


@every_kind
def test_several_spellings(kind: Kind) -> None:
    """That in lower case counts; those that contradict each other say nothing."""
    cases: tuple[tuple[dict[str, Any], int | None], ...] = (
        ({"Traceparent": OTHER, "traceparent": TRACEPARENT}, TRACE),
        ({"traceparent": TRACEPARENT, "TRACEPARENT": OTHER}, TRACE),
        ({"Traceparent": TRACEPARENT, "TRACEPARENT": TRACEPARENT}, TRACE),
        ({"Traceparent": TRACEPARENT, "TRACEPARENT": "junk"}, TRACE),
        ({"Traceparent": TRACEPARENT, "TRACEPARENT": OTHER}, None),
        ({"Traceparent": TRACEPARENT, "traceparent": "junk"}, None),
    )
    for headers, trace_id in cases:
        recorder = SpanRecorder()
        broker = kind.traced(recorder)

        @kind.subscriber(broker, "orders")
        async def handle(body: str) -> None: ...

        send(kind, broker, headers)
        (process,) = recorder.trace().spans
        if trace_id is None:
            assert (process.parent_id, process.links) == (None, ()), headers
        else:
            assert (process.trace_id, process.parent_id) == (TRACE, SPAN), headers


@every_kind
@pytest.mark.parametrize("name", ["Traceparent", "TRACEPARENT"])
def test_a_callers_own_context_in_any_case_is_kept(kind: Kind, name: str) -> None:
    """It is the only one that goes out, and its span is linked."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    (headers,) = publish(kind, broker, "orders", headers={name: TRACEPARENT})["orders"]
    assert context_of(headers, "traceparent") == [TRACEPARENT]
    (span,) = recorder.trace().spans
    assert span.kind == "CLIENT"
    assert [(link.trace_id, link.span_id) for link in span.links] == [(TRACE, SPAN)]


@every_kind
def test_captured_in_any_case(kind: Kind) -> None:
    """By one valid attribute, whatever the case in the option and in the message."""
    names = ["X-Tenant", "correlationid", "x-hop"]
    sent = {"x-tenant": "acme", "correlationId": "7", "X-HOP": "1", "x-other": "no"}
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"capture_headers": names})

    @kind.subscriber(broker, "orders")
    async def handle(body: str) -> None: ...

    run(kind, broker, "hello", "orders", headers=sent)
    for span in recorder.trace().spans:
        assert {k: v for k, v in span.attributes.items() if "header" in k} == {
            "messaging.header.x_tenant": ("acme",),
            "messaging.header.correlationid": ("7",),
            "messaging.header.x_hop": ("1",),
        }


@pytest.mark.parametrize("name", ["kafka", "confluent"])
@pytest.mark.parametrize(
    ("pairs", "captured"),
    [
        ([("x-hop", b"one"), ("x-hop", b"two")], ("one", "two")),
        ([("X-Hop", b"one"), ("x-hop", b"two"), ("x-hop", b"3")], ("one", "two", "3")),
        ([("x-hop", b""), ("x-hop", b"one"), ("x-hop", b"one")], ("", "one", "one")),
    ],
)
def test_headers_that_stand_there_several_times(
    name: str, pairs: list[tuple[str, bytes]], captured: tuple[str, ...]
) -> None:
    """All of them are captured; for a context, the last one counts."""
    kind = OF[name]
    contexts = [("traceparent", OTHER.encode()), ("traceparent", TRACEPARENT.encode())]
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"capture_headers": ["x-hop"]})

    @kind.subscriber(broker, "orders")
    async def handle(body: str) -> None: ...

    deliver(kind, broker, [*pairs, *contexts])
    (process,) = recorder.trace().spans
    assert process.attributes["messaging.header.x_hop"] == captured
    assert process.parent_id == SPAN


def deliver(kind: Kind, broker: Any, headers: list[tuple[str, bytes]]) -> None:
    """Let a record with these headers be handled."""

    async def main() -> None:
        async with in_memory(broker):
            (subscriber,) = broker.subscribers
            record = await raw_message(kind, {})
            setattr(record, "headers" if kind.name == "kafka" else "_headers", headers)
            await subscriber.process_message(record)

    asyncio.run(main())
