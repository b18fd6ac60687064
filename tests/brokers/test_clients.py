"""With the client's own instrumentation as well, traces hold together."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from opentelemetry.instrumentation.aio_pika import AioPikaInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.trace import TracerProvider

from faststream_otel.instrumentor import FastStreamInstrumentor
from faststream_otel.testing import SpanRecorder
from tests.kinds import KINDS, Kind

if TYPE_CHECKING:
    from faststream_otel.testing import RecordedSpan, Trace

CLIENTS: dict[str, Any] = {"redis": RedisInstrumentor, "rabbit": AioPikaInstrumentor}
WITH_CLIENT = [
    pytest.param(kind, marks=pytest.mark.broker(broker), id=str(kind))
    for kind in KINDS
    if (broker := kind.name.partition("-")[0]) in CLIENTS
]


@pytest.mark.parametrize("order", ["client first", "client last"])
@pytest.mark.parametrize("kind", WITH_CLIENT)
def test_one_trace(kind: Kind, order: str) -> None:
    """Each hop is below the one before; what the client records is between them."""
    recorder, name = SpanRecorder(), f"clients.{uuid4().hex}"
    provider = TracerProvider()
    provider.add_span_processor(recorder)
    client = CLIENTS[kind.name.partition("-")[0]]
    instrumentors = [client(), FastStreamInstrumentor()]
    if order == "client last":
        instrumentors.reverse()
    for instrumentor in instrumentors:
        instrumentor.instrument(tracer_provider=provider)
    try:
        asyncio.run(send_on(kind, name))
    finally:
        for instrumentor in instrumentors:
            instrumentor.uninstrument()

    trace = recorder.trace()
    hops = [
        only(trace, hop)
        for hop in (
            f"publish {name}",
            f"process {name}",
            f"publish {name}.next",
            f"process {name}.next",
        )
    ]
    assert len({hop.trace_id for hop in hops}) == 1
    assert hops[0].parent_id is None
    for before, hop in pairwise(hops):
        assert before in ours_above(trace, hop)[:1], f"{hop.name} is not below {before}"
    # The client has its spans too, or this would show nothing.
    assert clients_below(trace, hops[0])


async def send_on(kind: Kind, name: str) -> None:
    """Let a message go through two handlers of a real broker."""
    broker, done = kind.broker(), asyncio.Event()

    @kind.subscriber(broker, name)
    @kind.publisher(broker, f"{name}.next")
    async def handle(message: str) -> str:
        return message

    @kind.subscriber(broker, f"{name}.next")
    async def handle_next(message: str) -> None:
        done.set()

    async with broker:
        await broker.start()
        await kind.publish(broker, "17", name)
        await asyncio.wait_for(done.wait(), 10)


def only(trace: Trace, name: str) -> RecordedSpan:
    """The one span of this name."""
    (found,) = [span for span in trace.spans if span.name == name]
    return found


def ours_above(trace: Trace, span: RecordedSpan) -> list[RecordedSpan]:
    """The spans of ours above `span`, the nearest first."""
    by_id = {each.span_id: each for each in trace.spans}
    above, parent = [], span.parent_id
    while parent is not None:
        if is_ours(by_id[parent]):
            above.append(by_id[parent])
        parent = by_id[parent].parent_id
    return above


def is_ours(span: RecordedSpan) -> bool:
    """Clients name their spans the other way round, or after a command."""
    return span.name.split()[0] in {"publish", "process"}


def clients_below(trace: Trace, span: RecordedSpan) -> list[RecordedSpan]:
    """The client's spans right below `span`."""
    return [
        each
        for each in trace.spans
        if each.parent_id == span.span_id and not is_ours(each)
    ]
