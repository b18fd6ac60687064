"""The picture of a trace that processes in several languages recorded together."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from faststream_otel.testing import Trace
from guide.figures import figure
from guide.places import PICTURES, PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from faststream_otel.testing import RecordedSpan

LANGUAGES = PROGRAMS / "languages"
# What each recording has anew, and what the picture has in its place.
_IDS = {
    re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"): (
        "00000001-0000-4000-8000-000000000000"
    ),
    # A message of Kafka: its offset, and when it was sent.
    re.compile(r"\d+-\d{13}"): "0-1700000000000",
}
_OFFSETS = {"messaging.kafka.offset", "messaging.kafka.message.offset"}
MILLISECOND = 1_000_000


def drawn(trace: Trace, language: str) -> dict[Path, str]:
    """Draw a trace of real processes, the same each time, by file."""
    picture = PICTURES / "languages" / f"{language}.svg"
    title = f"Trace of languages/{language}"
    return figure(same_each_time(trace), picture, title=title)


def same_each_time(trace: Trace) -> Trace:
    """Give a trace that counts its ids and times, a message at a time."""
    spans = list(_in_order(trace))
    ids = {span.span_id: number for number, span in enumerate(spans, start=1)}
    ticks = count()
    times: dict[int, list[int]] = {}

    def visit(span: RecordedSpan) -> None:
        below = [each for each in spans if each.parent_id == span.span_id]
        times[span.span_id] = [next(ticks) * MILLISECOND]
        inside = [each for each in below if each.kind != "CONSUMER"]
        for each in inside:
            visit(each)
        times[span.span_id].append(next(ticks) * MILLISECOND)

    for span in spans:
        if span.span_id not in times:
            visit(span)
    return Trace(
        tuple(
            replace(
                span,
                trace_id=1,
                span_id=ids[span.span_id],
                parent_id=span.parent_id and ids[span.parent_id],
                start=times[span.span_id][0],
                end=times[span.span_id][1],
                attributes=_without_ids(span.attributes),
                links=[
                    replace(link, trace_id=1, span_id=ids[link.span_id])
                    for link in span.links
                ],
            )
            for span in spans
        )
    )


def _in_order(trace: Trace) -> Iterator[RecordedSpan]:
    """Each span after the one that led to it."""
    waiting = [span for span in trace.spans if span.parent_id is None]
    while waiting:
        span = waiting.pop(0)
        yield span
        waiting += [each for each in trace.spans if each.parent_id == span.span_id]


def _without_ids(attributes: Any) -> dict[str, Any]:
    return {
        name: 0 if name in _OFFSETS else _same(value)
        for name, value in attributes.items()
    }


def _same(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    for pattern, example in _IDS.items():
        value = pattern.sub(example, value)
    return value
