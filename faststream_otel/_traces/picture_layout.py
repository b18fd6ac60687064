"""Where everything in the picture of a trace is: rows, and the scale of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from faststream_otel._traces import picture_style as style
from faststream_otel._traces.picture_words import trace_numbers

if TYPE_CHECKING:
    from faststream_otel._traces.model import RecordedSpan, Trace


@dataclass(frozen=True, slots=True)
class Scale:
    """The time axis, which is all of the width."""

    start: int
    total: int

    def share(self, nanoseconds: int) -> str:
        """A stretch of time in per cent of the whole, in at most three decimals."""
        # Integers only: the same picture, byte for byte, on every machine.
        rounded = (nanoseconds * 200_000 + self.total) // (self.total * 2)
        whole, rest = divmod(rounded, 1000)
        return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") + "%"

    def at(self, moment: int) -> str:
        """A moment's place on the axis."""
        return self.share(moment - self.start)

    def ticks(self) -> range:
        """The start and round moments after it, as many as a phone has room for."""
        step = next(
            digit * 10**power
            for power in range(len(str(self.total)))
            for digit in (1, 2, 5)
            if digit * 10**power * 11 >= self.total * 2
        )
        return range(0, self.total + 1, step)


@dataclass(frozen=True, slots=True)
class Row:
    """A span with its place in the picture.

    `heading` is the trace's number, at its first row if the picture has several.
    `linked` has a moment for each link: when the span that it points to was over, or
    else when it began. It is None where that span is not in the picture or began later.
    """

    span: RecordedSpan
    parent: Row | None
    x: int
    y: int
    heading: int | None
    linked: tuple[int | None, ...]


def services_of(rows: list[Row]) -> dict[str, int]:
    """A number for each service, from 1 from the top; none if there is only one."""
    named = dict.fromkeys(row.span.service for row in rows if row.span.service)
    several = len(named) > 1
    return {service: number for number, service in enumerate(named, 1) if several}


def scale_of(rows: list[Row]) -> Scale:
    """The scale that shows all rows."""
    start = min((row.span.start for row in rows), default=0)
    end = max((row.span.end for row in rows), default=0)
    return Scale(start, max(end - start, 1))


def rows_of(trace: Trace) -> list[Row]:
    """A row for each span, depth first, with room above each of several traces."""
    spans = list(trace.walk())
    known = {span.span_id: span for _, span in spans}
    deepest = max((depth for depth, _ in spans), default=0)
    indent = min(style.INDENT_MOST, style.INDENT_SUM // max(deepest, 1))
    numbers = trace_numbers(trace)
    several = len(numbers) > 1
    rows: list[Row] = []
    above: list[Row] = []
    y = style.AXIS
    for depth, span in spans:
        del above[depth:]
        heading = None
        if several and not (rows and rows[-1].span.trace_id == span.trace_id):
            heading = numbers[span.trace_id]
            y += style.TRACE_HEAD
        linked = tuple(_moment(span, known.get(link.span_id)) for link in span.links)
        parent = above[-1] if above else None
        row = Row(span, parent, depth * indent, y, heading, linked)
        rows.append(row)
        above.append(row)
        y += style.ROW
    return rows


def _moment(span: RecordedSpan, target: RecordedSpan | None) -> int | None:
    if target is None or target.start > span.start:
        return None
    return target.end if target.end <= span.start else target.start
