"""A trace in words: for those who hear the picture, and for those who point at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from faststream_otel._traces.format import (
    clean,
    duration,
    interval,
    shorten,
    value,
)
from faststream_otel._traces.model import fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel._traces.model import RecordedSpan, Trace

_VALUE_MOST = 120
_DECIDED: Final = {
    "ack": "acked",
    "nack": "nacked",
    "reject": "rejected",
    "skip": "skipped",
    "stop_consume": "stopped",
    "stop_application": "stopped",
}


def describe(trace: Trace) -> str:
    """The whole trace in sentences: how much there is, then one a span, depth first."""
    spans = [span for _, span in trace.walk()]
    start = min((span.start for span in spans), default=0)
    end = max((span.end for span in spans), default=0)
    count = len({span.trace_id for span in spans})
    what = _count(len(spans), "span")
    what = f"{_count(count, 'trace')} with {what}" if count > 1 else f"Trace of {what}"
    numbers = {span.span_id: number for number, span in enumerate(spans, 1)}
    sentences = [f"{what}, {duration(end - start)}."]
    traces = trace_numbers(trace)
    before = None
    for span in spans:
        if count > 1 and span.trace_id != before:
            sentences.append(f"Trace {traces[span.trace_id]}.")
        before = span.trace_id
        sentences.append(_sentence(span, numbers, start))
    return " ".join(sentences)


def decided(span: RecordedSpan) -> str:
    """What the handler decided on its message, in a word; empty if it just ended."""
    decision = span.attributes.get("faststream.message.decision")
    if decision is None:
        return ""
    return _DECIDED.get(str(decision), value(decision))


def trace_numbers(trace: Trace) -> dict[int, int]:
    """A number for each trace id, counted from 1 from the top."""
    ids = dict.fromkeys(span.trace_id for _, span in trace.walk())
    return {trace_id: number for number, trace_id in enumerate(ids, 1)}


def _sentence(span: RecordedSpan, numbers: dict[int, int], start: int) -> str:
    parts = [f"Span {numbers[span.span_id]}"]
    if span.parent_id in numbers:
        parts.append(f", child of span {numbers[span.parent_id]}")
    parts.append(f": {clean(span.name)} ({clean(span.kind)}")
    if span.service:
        parts.append(f", service {clean(span.service)}")
    parts.append(f", {interval(span.start - start, span.end - start)})")
    if error := fault(span):
        parts.append(f", error {error}")
    if decision := decided(span):
        parts.append(f", {decision}")
    if links := ", ".join(_linked(span, numbers)):
        parts.append(f", links {links}")
    return "".join(parts) + "."


def _linked(span: RecordedSpan, numbers: dict[int, int]) -> Iterator[str]:
    known = [numbers[link.span_id] for link in span.links if link.span_id in numbers]
    for number in dict.fromkeys(known):
        yield f"span {number}"
    if others := len(span.links) - len(known):
        yield _count(others, "span") + " elsewhere"


def tooltip(span: RecordedSpan, start: int) -> list[str]:
    """A span in lines: its name, what it is, when it was, its attributes."""
    kind = clean(span.kind)
    lines = [
        clean(span.name),
        f"{kind}, {clean(span.service)}" if span.service else kind,
    ]
    when = interval(span.start - start, span.end - start)
    lines.append(f"{duration(span.end - span.start)}: {when}")
    if span.status == "ERROR":
        lines.append(f"error: {clean(span.status_description) or fault(span)}")
    lines.extend(
        f"{clean(key)} = {shorten(value(span.attributes[key]), _VALUE_MOST)}"
        for key in sorted(span.attributes)
    )
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
