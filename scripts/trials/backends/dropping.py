"""A processor that counts what it drops, as the SDK does where it is told to."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace.export import SpanExporter

_INTERNAL: Final = "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED"


def processor(
    exporter: SpanExporter, queue: int, counts: InMemoryMetricReader
) -> SpanProcessor:
    """Make a processor whose counts the reader has."""
    with _internal_metrics():
        return BatchSpanProcessor(
            exporter,
            max_queue_size=queue,
            max_export_batch_size=min(512, queue),
            meter_provider=MeterProvider([counts], shutdown_on_exit=False),
        )


@contextmanager
def _internal_metrics() -> Iterator[None]:
    os.environ[_INTERNAL] = "true"
    try:
        yield
    finally:
        del os.environ[_INTERNAL]


def outcomes(reader: InMemoryMetricReader) -> dict[str, int]:
    """Give how many spans were dropped, by their reason, and how many still wait."""
    counts = {"queue_full": 0, "already_shutdown": 0, "waiting": 0}
    data = reader.get_metrics_data()
    for resource in data.resource_metrics if data else ():
        for metric in resource.scope_metrics[0].metrics:
            for point in metric.data.data_points:
                why = str((point.attributes or {}).get("error.type", ""))
                if metric.name == "otel.sdk.processor.span.queue.size":
                    why = "waiting"
                if why in counts:
                    counts[why] += int(point.value)  # type: ignore[union-attr]
    return counts
