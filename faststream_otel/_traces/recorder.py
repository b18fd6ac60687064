"""Keeps the spans that end, as they left the SDK."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from opentelemetry.sdk.trace import SpanProcessor

from faststream_otel._traces.model import RecordedLink, RecordedSpan, Trace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span
    from opentelemetry.util.types import AttributeValue

_TICK = 1_000_000
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class SpanRecorder(SpanProcessor):
    """Keeps every span that ends, until it is asked for the trace.

    Add it to a tracer provider: `tracer_provider.add_span_processor(recorder)`.

    Args:
        reproducible: Give the same trace for the same run, byte for byte: a clock
            that ticks one millisecond at each start and end of a span, and ids that
            are counted. Ids in attributes are counted too where they look like UUIDs.
    """

    def __init__(self, *, reproducible: bool = False) -> None:
        self._reproducible = reproducible
        self._ticks: Iterator[int] = count()
        self._began: dict[int, int] = {}
        self._traces: set[int] = set()
        self._ended: list[tuple[ReadableSpan, int]] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note when `span` began; the SDK calls it."""
        context = span.get_span_context()
        self._began[context.span_id] = next(self._ticks)
        self._traces.add(context.trace_id)

    def on_end(self, span: ReadableSpan) -> None:
        """Keep `span`; the SDK calls it."""
        context = span.get_span_context()
        # One that began before there was a recorder has no place in the order.
        if context is not None and context.span_id in self._began:
            self._ended.append((span, next(self._ticks)))

    def knows(self, trace_id: int) -> bool:
        """Whether a span of this trace has begun."""
        return trace_id in self._traces

    def trace(self) -> Trace:
        """Give all spans that have ended, in the order in which they began."""
        spans = [self._recorded(span, tick) for span, tick in list(self._ended)]
        spans.sort(key=lambda span: self._began[span.span_id])
        return Trace(_counted(spans) if self._reproducible else tuple(spans))

    def _recorded(self, span: ReadableSpan, end_tick: int) -> RecordedSpan:
        kept = recorded(span)
        if not self._reproducible:
            return kept
        start = self._began[kept.span_id] * _TICK
        return replace(kept, start=start, end=end_tick * _TICK)


def recorded(span: ReadableSpan) -> RecordedSpan:
    """Copy what an ended span tells."""
    context = span.get_span_context()
    assert context is not None, "an ended span has a context"
    return RecordedSpan(
        name=span.name,
        kind=span.kind.name,
        service=str(span.resource.attributes.get("service.name", "")),
        trace_id=context.trace_id,
        span_id=context.span_id,
        parent_id=span.parent.span_id if span.parent else None,
        start=span.start_time or 0,
        end=span.end_time or 0,
        attributes=dict(span.attributes or {}),
        links=tuple(
            RecordedLink(
                link.context.trace_id,
                link.context.span_id,
                dict(link.attributes or {}),
            )
            for link in span.links
        ),
        status=span.status.status_code.name,
        status_description=span.status.description or "",
    )


def _counted(spans: list[RecordedSpan]) -> tuple[RecordedSpan, ...]:
    """Replace what is random in `spans`: 1 for the first id that appears, and so on."""
    ids: defaultdict[int, int] = defaultdict(count(1).__next__)
    uuids: defaultdict[str, int] = defaultdict(count(1).__next__)

    def attributes(
        recorded: Mapping[str, AttributeValue],
    ) -> dict[str, AttributeValue]:
        return {
            name: f"00000000-0000-4000-8000-{uuids[value]:012}"
            if isinstance(value, str) and _UUID.fullmatch(value)
            else value
            for name, value in recorded.items()
        }

    return tuple(
        replace(
            span,
            trace_id=ids[span.trace_id],
            span_id=ids[span.span_id],
            parent_id=None if span.parent_id is None else ids[span.parent_id],
            attributes=attributes(span.attributes),
            links=tuple(
                RecordedLink(
                    ids[link.trace_id], ids[link.span_id], attributes(link.attributes)
                )
                for link in span.links
            ),
        )
        for span in spans
    )
