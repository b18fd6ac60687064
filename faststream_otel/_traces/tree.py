"""A trace as text: the tree that a terminal and the README show."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from faststream_otel._traces.format import cells, clean, duration, value
from faststream_otel._traces.model import fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel._traces.model import RecordedSpan, Trace

_GAP = "  "
_TIMES = "\N{MULTIPLICATION SIGN}"

# Deeper spans say how deep they are.
MOST_INDENTED = 30

# The narrowest and widest bars; a terminal with less room than that has none.
_BAR_LEAST = 8
_BAR_MOST = 32

# An internal span has the text's own, which is read on light and dark.
_COLORS = {
    "PRODUCER": "34",
    "CONSUMER": "36",
    "CLIENT": "35",
    "SERVER": "33",
}
_FAULT = "31"
_DIM = "2"


def render(
    trace: Trace,
    *,
    attributes: bool = False,
    width: int | None = None,
    color: bool = False,
) -> str:
    """Return the trace as a tree in columns, one line per span.

    Each line has a span's name, kind, service and duration; then `✗` with its error
    and `↗` with the spans that it links to, if there are any.

    Args:
        trace: What was recorded; it may have several roots.
        attributes: Whether to show the attributes of each span, one per line.
        width: The number of columns of the terminal. Bars in the remaining columns
            show when each span began and ended. Default: no bars.
        color: Whether to colour kinds and errors with ANSI escape codes.

    Returns:
        Lines without a newline at the end, ready for `print`.
    """
    rows = _rows(trace)
    if not rows:
        return "no spans"
    names = {span.span_id: clean(span.name) for span in trace.spans}
    paint = functools.partial(_paint, color=color)
    table = [
        (
            branch + clean(span.name),
            clean(span.kind),
            clean(span.service),
            duration(span.end - span.start),
        )
        for span, branch, _ in rows
    ]
    widths = [max(map(cells, column)) for column in zip(*table, strict=True)]
    marks = [list(_marks(span, names, brief=width is not None)) for span, *_ in rows]
    taken = sum(widths) + len(_GAP) * len(widths)
    room = 0 if width is None else width - taken - max(map(_marks_width, marks))
    bars = _Bars(trace, min(room, _BAR_MOST)) if room >= _BAR_LEAST else None
    lines: list[str] = []
    for (span, branch, margin), texts, notes in zip(rows, table, marks, strict=True):
        tone = _tone(span)
        name, kind, service, lasted = (
            text + " " * (width - cells(text))
            for text, width in zip(texts, widths, strict=True)
        )
        columns = [
            paint(branch, _DIM) + name[len(branch) :],
            paint(kind, tone),
            service,
            *([paint(bars.of(span), tone)] if bars else []),
            lasted[len(texts[-1]) :] + texts[-1],
            *(paint(text, _DIM if text[0] == "↗" else _FAULT) for text in notes),
        ]
        lines.append(_GAP.join(columns).rstrip())
        if attributes:
            lines.extend(
                paint(
                    f"{margin}  {clean(key)}: {value(span.attributes[key])}".rstrip(),
                    _DIM,
                )
                for key in sorted(span.attributes)
            )
    return "\n".join(lines)


class _Bars:
    """When spans began and ended, to scale.

    Args:
        trace: Its first beginning is the left end, its last end the right one.
        width: Columns from end to end.
    """

    def __init__(self, trace: Trace, width: int) -> None:
        self._width = width
        self._start = min(span.start for span in trace.spans)
        end = max(max(span.start, span.end) for span in trace.spans)
        self._length = max(end - self._start, 1)

    def of(self, span: RecordedSpan) -> str:
        """The span's bar, of half columns, half a one at the least."""
        halves = self._width * 2
        first = (span.start - self._start) * halves // self._length
        first = min(first, halves - 1)
        last = -(-(span.end - self._start) * halves // self._length)
        last = max(last, first + 1)
        cell = {(False, False): " ", (True, True): "━"}
        cell |= {(True, False): "╸", (False, True): "╺"}
        return "".join(
            cell[first <= half < last, first <= half + 1 < last]
            for half in range(0, halves, 2)
        )


def _tone(span: RecordedSpan) -> str:
    return _FAULT if fault(span) else _COLORS.get(span.kind, "")


def _paint(text: str, tone: str, *, color: bool) -> str:
    return f"\x1b[{tone}m{text}\x1b[0m" if color and tone and text else text


def _marks_width(marks: list[str]) -> int:
    return sum(len(_GAP) + cells(mark) for mark in marks)


def _rows(trace: Trace) -> list[tuple[RecordedSpan, str, str]]:
    """Each span depth first: the branch before its name, the margin of what follows."""
    spans = list(trace.walk())
    rows: list[tuple[RecordedSpan, str, str]] = []
    # Of each level above: what a span of the next level has before its branch.
    margins = [""]
    last = _last_of_their_parents(spans)
    for index, (depth, span) in enumerate(spans):
        has_children = index + 1 < len(spans) and spans[index + 1][0] > depth
        below = "│ " if has_children else "  "
        if depth > MOST_INDENTED:
            margin = margins[MOST_INDENTED]
            rows.append((span, f"{margin}└── ({depth}) ", margin + "    " + below))
            continue
        del margins[depth + 1 :]
        branch = margin = margins[depth]
        if depth:
            branch = margin + ("└── " if index in last else "├── ")
            margin += "    " if index in last else "│   "
        margins.append(margin)
        rows.append((span, branch, margin + below))
    return rows


def _last_of_their_parents(spans: list[tuple[int, RecordedSpan]]) -> set[int]:
    """The places of spans that no sibling follows."""
    last: set[int] = set()
    # From the end: depths at which a span has been, below what is there now.
    followed: list[int] = []
    for index in range(len(spans) - 1, -1, -1):
        depth = spans[index][0]
        while followed and followed[-1] > depth:
            followed.pop()
        if not followed or followed[-1] < depth:
            last.add(index)
            followed.append(depth)
    return last


def _marks(span: RecordedSpan, names: dict[int, str], *, brief: bool) -> Iterator[str]:
    """What is particular to a span; `brief` leaves out the name of its parent."""
    if error := fault(span):
        yield f"✗ {error}"
    if brief and [link.span_id for link in span.links] == [span.parent_id]:
        yield "↗"
        return
    counts: dict[str, int] = {}
    for link in span.links:
        target = names.get(link.span_id, f"span {link.span_id:016x}")
        counts[target] = counts.get(target, 0) + 1
    if counts:
        yield "↗ " + ", ".join(
            f"{count} {_TIMES} {target}" if count > 1 else target
            for target, count in counts.items()
        )
