"""Keeps the spans that end, as they left the SDK."""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from opentelemetry import baggage
from opentelemetry.sdk.trace import SpanProcessor

from faststream_otel._traces.model import RecordedLink, RecordedSpan, Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span
    from opentelemetry.util.types import AttributeValue

_TICK = 1_000_000
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class SpanRecorder(SpanProcessor):
    """Keeps every span that ends, and returns the spans as a trace.

    Add it to a tracer provider: `tracer_provider.add_span_processor(recorder)`.

    Args:
        reproducible: Whether the same run gives the same trace, byte for byte. If so,
            the clock ticks one millisecond whenever a span begins or ends, and ids are
            numbered in order, as are attribute values that look like UUIDs.
    """

    def __init__(self, *, reproducible: bool = False) -> None:
        self._reproducible = reproducible
        self._ticks: Iterator[int] = count()
        self._began: dict[int, _Begun] = {}
        self._traces: set[int] = set()
        self._ended: list[tuple[ReadableSpan, int]] = []
        self._refusal: Exception | None = None
        self._listeners: list[Callable[[], None]] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note when `span` began; the SDK calls this."""
        context = span.get_span_context()
        given = baggage.get_all(parent_context)
        self._began[context.span_id] = _Begun(next(self._ticks), span, dict(given))
        self._traces.add(context.trace_id)

    def on_end(self, span: ReadableSpan) -> None:
        """Keep `span`; the SDK calls this."""
        context = span.get_span_context()
        # One that began before there was a recorder has no place in the order.
        if context is not None and context.span_id in self._began:
            self._ended.append((span, next(self._ticks)))
            for listener in list(self._listeners):
                listener()

    def knows(self, trace_id: int) -> bool:
        """Whether a span of this trace has begun."""
        return trace_id in self._traces

    def refuse(self, reason: Exception) -> None:
        """Say why spans are missing; `trace` raises it."""
        self._refusal = reason

    @contextmanager
    def telling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` when a span has ended, in the thread where it did."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def open(self) -> list[Span]:
        """Give the spans that have begun and not ended."""
        ended = {_id(span) for span, _ in list(self._ended)}
        begun = dict(self._began)
        return [begun[each].span for each in begun if each not in ended]

    def trace(self) -> Trace:
        """Return all spans that have ended, in the order in which they began.

        Raises:
            TypeError: There is a provider whose spans cannot be recorded.
        """
        if self._refusal is not None:
            raise self._refusal
        spans = [self._recorded(span, tick) for span, tick in list(self._ended)]
        spans.sort(key=lambda span: self._began[span.span_id].tick)
        return Trace(_counted(spans) if self._reproducible else tuple(spans))

    def _recorded(self, span: ReadableSpan, end_tick: int) -> RecordedSpan:
        begun = self._began[_id(span)]
        kept = recorded(span, begun.baggage)
        if not self._reproducible:
            return kept
        return replace(kept, start=begun.tick * _TICK, end=end_tick * _TICK)


class _Begun(NamedTuple):
    """What is known of a span from its beginning."""

    tick: int
    span: Span
    baggage: Mapping[str, object]


def _id(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None, "an ended span has a context"
    return context.span_id


def recorded(
    span: ReadableSpan, carried: Mapping[str, object] | None = None
) -> RecordedSpan:
    """Copy what an ended span tells, and what was baggage when it began."""
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
        baggage=carried or {},
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
