"""What is compared in `scripts/bench` does the same work."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (
    InMemorySpanExporter,
)

from cost.contenders import FLOOR, KINDS, OURS, Kind, Telemetry

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
