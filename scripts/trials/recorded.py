"""Telemetry that is counted, and not kept: what a long run leaves is looked at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    Metric,
)
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SpanExporter,
    SpanExportResult,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.context import Context


class _Discarding(SpanExporter):
    def __init__(self) -> None:
        self.count = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.count += len(spans)
        return SpanExportResult.SUCCESS


class _Counting(SpanProcessor):
    def __init__(self) -> None:
        self.started = 0
        self.ended: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.started += 1

    def on_end(self, span: ReadableSpan) -> None:
        attributes = span.attributes or {}
        operation = str(attributes["messaging.operation.name"])
        self.ended[operation] += 1
        if "error.type" in attributes:
            self.failed[operation] += 1


class Kept(SpanProcessor):
    """Keeps the spans that have ended, and counts those that are open."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.started = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.started += 1

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)

    @property
    def provider(self) -> TracerProvider:
        """A provider whose spans are kept."""
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(self)
        return provider

    @property
    def open(self) -> int:
        """How many spans have not ended."""
        return self.started - len(self.spans)


@dataclass
class Recorded:
    """Providers, and what went through them.

    Attributes:
        spans: Counts what starts and ends.
        exported: Counts what a batch processor passes on.
        reader: Has the metrics.
    """

    spans: _Counting = field(default_factory=_Counting)
    exported: _Discarding = field(default_factory=_Discarding)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)
    _providers: list[TracerProvider] = field(default_factory=list)

    def options(self) -> dict[str, Any]:
        """Give a middleware's arguments."""
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(self.spans)
        # Room for all: what is dropped is no matter of this.
        provider.add_span_processor(
            BatchSpanProcessor(self.exported, max_queue_size=100_000)
        )
        self._providers.append(provider)
        return {
            "tracer_provider": provider,
            "meter_provider": MeterProvider([self.reader], shutdown_on_exit=False),
        }

    def flush(self) -> None:
        """Wait until the exporter has all spans, if there are any."""
        for provider in self._providers:
            provider.force_flush()

    def metrics(self) -> dict[str, int]:
        """Give how often each metric was recorded, by its name and operation."""
        counts: Counter[str] = Counter()
        for metric in self._metrics():
            for point in metric.data.data_points:
                attributes = point.attributes or {}
                operation = attributes.get("messaging.operation.name", "")
                counted = isinstance(point, HistogramDataPoint)
                value = point.count if counted else point.value  # type: ignore[union-attr]
                counts[f"{metric.name.removeprefix('messaging.')} {operation}"] += int(
                    value
                )
        return dict(counts)

    def _metrics(self) -> Iterator[Metric]:
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                yield from scope.metrics
