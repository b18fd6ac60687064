"""What a message costs: how much work is done for it, and that it stays so."""

from __future__ import annotations

import asyncio
import inspect
import json
import platform
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from faststream._internal.parser import DefaultCodec
from opentelemetry import context, metrics, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.sdk.metrics import Counter as SumCounter
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import Span, Tracer, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (
    InMemorySpanExporter,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import faststream_otel
from cost import counting
from cost.__main__ import COUNTS
from cost.contenders import BARE, FLOOR, KINDS, MODES, OURS, OWN, Kind, Telemetry
from cost.scenes import MESSAGE, SCALES

if TYPE_CHECKING:
    from types import FrameType

# Made up anew for each message.
_IDS = {"messaging.message.conversation_id", "messaging.message.id"}


async def _recorded(kind: Kind, contender: str) -> tuple[list[Any], list[Any]]:
    """Give all that is recorded of one message, but ids and times."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry = Telemetry(provider, MeterProvider([reader]))
    async with kind.running(contender, telemetry) as send:
        await send()
    spans = exporter.get_finished_spans()
    told = [
        (
            span.name,
            span.kind,
            {k: v for k, v in (span.attributes or {}).items() if k not in _IDS},
            _IDS & (span.attributes or {}).keys(),
            [link.context.span_id for link in span.links]
            == [span.parent.span_id if span.parent else None],
            span.parent is not None,
        )
        for span in spans
    ]
    data = reader.get_metrics_data()
    assert data is not None
    metrics = [
        (metric.name, metric.unit, dict(point.attributes or {}), len(point.exemplars))
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
        for point in metric.data.data_points
    ]
    return told, sorted(metrics, key=str)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_floor_records_what_ours_records(kind: Kind) -> None:
    """Else its cost would be no floor."""
    spans, metrics = asyncio.run(_recorded(kind, FLOOR))
    assert len(spans) == 2
    assert len(metrics) == 4
    assert (spans, metrics) == asyncio.run(_recorded(kind, OURS))


# What is done for a message that is published and handled, by name of the call.
WATCHED: list[tuple[Any, str]] = [
    (Tracer, "start_span"),
    (Span, "set_attribute"),
    (Span, "set_attributes"),
    (TraceContextTextMapPropagator, "inject"),
    (TraceContextTextMapPropagator, "extract"),
    (W3CBaggagePropagator, "inject"),
    (W3CBaggagePropagator, "extract"),
    (Histogram, "record"),
    (SumCounter, "add"),
    (context, "attach"),
    (trace, "get_tracer_provider"),
    (metrics, "get_meter_provider"),
]
RECORDED = {"start_span": 2, "attach": 4}
MEASURED = {"record": 2, "add": 2}
WORK = {
    "no provider": {"attach": 2},
    "all sampled out": RECORDED,
    "all sampled": RECORDED,
    "all sampled + metrics": {**RECORDED, **MEASURED},
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_work_of_a_message(
    kind: Kind, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No propagator is called, and no attribute set later, where that can be spared."""
    counted: Counter[str] = Counter()

    def counting_calls(owner: Any, name: str) -> None:
        call = getattr(owner, name)

        def counts(*args: Any, **kwargs: Any) -> Any:
            counted[name] += 1
            return call(*args, **kwargs)

        monkeypatch.setattr(owner, name, counts)

    async def main() -> None:
        async with kind.running(OURS, MODES[mode]()) as send:
            await send()
            for owner, name in WATCHED:
                counting_calls(owner, name)
            await send()

    asyncio.run(main())
    expected = Counter(WORK[mode])
    if kind.module == "redis" and mode.startswith("all sampled"):
        # FastStream makes up an id for the message when it parses it.
        expected["set_attribute"] += mode != "all sampled out"
    assert counted == expected


# How many functions of the package a message calls, at most: by broker, in each mode.
CALLS = {
    "kafka": (26, 39, 40, 44),
    "confluent": (27, 40, 41, 45),
    "rabbit": (22, 36, 37, 41),
    "nats": (25, 38, 39, 43),
    "redis": (27, 43, 49, 53),
    "mqtt": (22, 36, 37, 41),
}
PACKAGE = str(Path(faststream_otel.__file__).parent)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_calls_of_a_message(
    kind: Kind, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call costs about a thousand instructions: one more is a percent or two."""
    called: list[str] = []
    # It is wrapped once a middleware of this process was to record sizes.
    encode = inspect.unwrap(DefaultCodec.encode)
    monkeypatch.setattr(DefaultCodec, "encode", encode)

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            called.append(frame.f_code.co_name)

    async def main() -> None:
        async with kind.running(OURS, MODES[mode]()) as send:
            await send()
            sys.setprofile(watch)
            await send()
            sys.setprofile(None)

    asyncio.run(main())
    most = dict(zip(MODES, CALLS[kind.module], strict=True))
    assert len(called) <= most[mode], " > ".join(called)


COMMITTED: dict[str, Any] = json.loads(COUNTS.read_text())


def test_cost_stays_where_there_is_much() -> None:
    """What `scripts/bench --count --scale --write` counted."""
    for broker, little, much in SCALES:
        few, many = (COMMITTED["scale"][broker][scene] for scene in (little, much))
        assert many[OURS] <= min(1.1 * few[OURS], many[OWN]), much
    few, many = COMMITTED["memory"][OURS]
    assert many <= 1.02 * few


@pytest.mark.long
@pytest.mark.parametrize("broker", ["nats"])
def test_cost_stays_near_the_floor(broker: str) -> None:
    """At most 3 % more of the floor than `scripts/bench --count --write` counted."""
    if missing := counting.missing():
        pytest.skip(f"counting needs {' and '.join(missing)}: {counting.REMEDY}")
    version = COMMITTED["python"]
    if platform.python_version() != version:
        pytest.skip(f"counts of Python {version} say nothing of another")
    modes = ["no provider", "all sampled"]
    wanted = [(MESSAGE, modes[0], BARE)]
    wanted += [(MESSAGE, mode, name) for mode in modes for name in (FLOOR, OURS)]
    found = counting.instructions(broker, wanted, messages=20, layouts=3)
    bare = found.pop(wanted[0])
    for mode in modes:
        floor, ours = (found[MESSAGE, mode, name] - bare for name in (FLOOR, OURS))
        before = COMMITTED["counts"][broker][mode]
        assert ours / floor <= before[OURS] / before[FLOOR] * 1.03, mode
