"""A trace as a picture: a waterfall in SVG, inline in a page or a file of its own.

The picture is as wide as the place it is given and scales nothing: time is in per cent
of the width, all else in CSS pixels, so the text of a phone is the text of a desktop.

It takes its colours from these custom properties, where the page sets them. Text and
lines follow the page's `color`, so a dark page needs to set all but the last three:

- `--trace-producer`, `--trace-consumer`, `--trace-client`, `--trace-server`,
  `--trace-internal`: the shape and the bar of a span of that kind.
- `--trace-error`: the mark and the words of an error.
- `--trace-decision`: those of what a handler decided, such as to reject its message.
- `--trace-service-1` to `--trace-service-4`: the stripes of several services.
- `--trace-text`: text, guides and dots. The page's `color` by default.
- `--trace-muted`, `--trace-muted-opacity`: services, durations and the time axis.
- `--trace-font`: the font family. Material's text font by default.

A file of its own is light or dark as the reader's system is.
"""

from __future__ import annotations

import re
import zlib
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from faststream_otel._traces import picture_style as style
from faststream_otel._traces.format import cells, clean, duration, shorten
from faststream_otel._traces.model import fault
from faststream_otel._traces.picture_layout import rows_of, scale_of, services_of
from faststream_otel._traces.picture_legend import (
    decision_mark,
    kind_of,
    legend_of,
    stripe,
)
from faststream_otel._traces.picture_words import decided, describe, tooltip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel._traces.model import RecordedSpan, Trace
    from faststream_otel._traces.picture_layout import Row, Scale


def draw(trace: Trace, *, title: str) -> str:
    """Draw the trace as an SVG element.

    The same trace and title give the same bytes. There are no blank lines, and
    indentation does not matter, so a Markdown page can contain the element as raw HTML.
    Its ids derive from the title, so pictures with different titles can share a page.

    Args:
        trace: What was recorded; it may have several roots.
        title: What the picture shows, for users of a screen reader.
    """
    return svg(trace, title=title, alone=True)


def svg(trace: Trace, *, title: str, alone: bool) -> str:
    """The picture as `draw` gives it: `alone`, with its style and its tooltips.

    A page that has many pictures may have the style once, and show attributes itself.
    """
    rows = rows_of(trace)
    scale = scale_of(rows)
    services = services_of(rows)
    legend, height = legend_of(rows, services)
    key = _key(title)
    room = " trace-services" if services else ""
    # The height is a style too: a theme's `svg {height: auto}` beats the attribute.
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="trace-picture{room}"'
        f' role="img"'
        f' aria-labelledby="{key}-title {key}-desc"'
        f' width="100%" height="{height}" style="height:{height}px">'
    )
    lines = [
        opening,
        f'<title id="{key}-title">{_text(title)}</title>',
        f'<desc id="{key}-desc">{_text(describe(trace))}</desc>',
        *([f"<style>\n{style.STYLE}</style>"] if alone else ()),
        *_axis(rows, scale),
        *_headings(rows),
        *_guides(rows),
        *_stripes(rows, services),
        *(
            line
            for row in rows
            for line in _row(
                row, scale, tooltips=alone, less=bool(services) * style.STRIPE_ROOM
            )
        ),
        *legend,
        "</svg>\n",
    ]
    return "\n".join(lines)


def _axis(rows: list[Row], scale: Scale) -> Iterator[str]:
    if not rows:
        yield '<text class="trace-note" y="12">no spans</text>'
        return
    # The lines of the grid are to be seen on the tracks only, not between the words.
    tops = [row.y + style.BAR_TOP for row in rows]
    dashes = " ".join(
        f"{style.BAR_HEIGHT} {below - top - style.BAR_HEIGHT}"
        for top, below in zip(tops, [*tops[1:], tops[-1] + style.ROW], strict=True)
    )
    yield f'<g class="trace-grid" stroke-dasharray="{dashes}">'
    for tick in scale.ticks():
        x = scale.share(tick)
        yield f'<line x1="{x}" x2="{x}" y1="{tops[0]}" y2="{tops[-1] + style.ROW}"/>'
    yield "</g>"
    for tick in scale.ticks():
        label = duration(tick, like=scale.total) if tick else "0"
        if not tick:
            anchor = "start"
        elif tick * 100 > scale.total * 93:
            anchor = "end"
        else:
            anchor = "middle"
        yield (
            f'<text class="trace-tick" x="{scale.share(tick)}" y="12"'
            f' text-anchor="{anchor}">{label}</text>'
        )


def _headings(rows: list[Row]) -> Iterator[str]:
    """The number of each trace, where there are several."""
    for row in rows:
        if row.heading is not None:
            yield (
                f'<text class="trace-note" y="{row.y - style.HEAD_BASELINE}">'
                f"trace {row.heading}</text>"
            )


def _guides(rows: list[Row]) -> Iterator[str]:
    """A line to each span from its parent, or from the sibling before it."""
    reached: dict[int, int] = {}
    for row in rows:
        if row.parent is None:
            continue
        parent = row.parent
        begin = reached.get(parent.y, parent.y + style.LABEL + 4)
        end = reached[parent.y] = row.y + style.LABEL - 4
        yield (
            f'<path class="trace-guide" d="M{parent.x + 6.5} {begin}V{end + 0.5}'
            f'H{row.x - 1}"/>'
        )


def _stripes(rows: list[Row], services: dict[str, int]) -> Iterator[str]:
    """What belongs to one service is beside one stripe, which goes on where it does."""
    if not services:
        return
    of_each = groupby(rows, key=lambda row: (row.span.service, row.span.trace_id))
    for (service, _), group in of_each:
        y = [row.y for row in group]
        if number := services.get(service):
            top, bottom = y[0] - 2, y[-1] + style.BAR_TOP + style.BAR_HEIGHT
            yield stripe(number, x=style.STRIPE_AT, top=top, bottom=bottom)


def _row(row: Row, scale: Scale, *, tooltips: bool, less: int) -> Iterator[str]:
    span = row.span
    kind = kind_of(span)
    yield f'<g class="trace-row trace-{kind.lower()}">'
    if tooltips:
        # References: newlines could become blank lines, or take a page's indentation.
        lines = "&#10;".join(map(_text, tooltip(span, scale.start)))
        yield f"<title>{lines}</title>"
    yield (
        f'<rect class="trace-hit" y="{row.y - 4}" width="100%" height="{style.ROW}"/>'
        f'<path class="trace-shape" d="{style.SHAPES[kind]}"'
        f' transform="translate({row.x + 6} {row.y + style.LABEL - 4.5})"/>'
    )
    yield from _label(row, less)
    yield from _bar(row, scale)
    yield "</g>"


def _label(row: Row, less: int) -> Iterator[str]:
    span = row.span
    x = row.x + 18
    y = row.y + style.LABEL
    marks = []
    if span.status == "ERROR":
        marks.append(f'class="trace-error" d="{style.ERROR}"')
    if decision := decided(span):
        marks.append(decision_mark(decision))
    if None in row.linked:
        marks.append(f'class="trace-out" d="{style.LINK_OUT}"')
    for mark in marks:
        yield f'<path {mark} transform="translate({x + 6} {y - 4.5})"/>'
        x += 17
    words = "".join(_words(span, style.NARROW - less - style.DURATION_WIDTH - x))
    yield f'<text x="{x}" y="{y}">{words}</text>'
    length = duration(span.end - span.start)
    yield f'<text class="trace-duration" x="100%" y="{y}">{length}</text>'


def _words(span: RecordedSpan, room: float) -> Iterator[str]:
    """Name and notes: on a phone what fits in `room`, elsewhere more."""
    more = room + style.WIDER
    name = clean(span.name)
    short = shorten(name, int(room / style.NAME_CELL))
    long = shorten(name, int(more / style.NAME_CELL))
    if short == name:
        yield f'<tspan class="trace-name">{_text(name)}</tspan>'
    else:
        yield f'<tspan class="trace-name trace-narrow">{_text(short)}</tspan>'
        yield f'<tspan class="trace-name trace-wide">{_text(long)}</tspan>'
    room -= cells(short) * style.NAME_CELL
    more -= cells(long) * style.NAME_CELL
    notes = {"fault": fault(span), "decision": decided(span), "note": span.service}
    for what, note in notes.items():
        shown = shorten(clean(note), style.NOTE_MOST)
        width = cells(shown) * style.NOTE_CELL + style.NOTE_GAP
        if not shown or width > more:
            continue
        more -= width
        only = " trace-wide" if width > room else ""
        room -= 0 if only else width
        yield (
            f'<tspan class="trace-{what}{only}" dx="{style.NOTE_GAP}">'
            f"{_text(shown)}</tspan>"
        )


def _bar(row: Row, scale: Scale) -> Iterator[str]:
    span = row.span
    middle = row.y + style.BAR_TOP + style.BAR_HEIGHT / 2
    box = f'y="{row.y + style.BAR_TOP}" height="{style.BAR_HEIGHT}"'
    start = scale.at(span.start)
    yield f'<rect class="trace-track" {box} rx="2" width="100%"/>'
    linked = sorted({moment for moment in row.linked if moment is not None})
    if linked:
        yield (
            f'<line class="trace-lead" x1="{scale.at(linked[0])}" x2="{start}"'
            f' y1="{middle}" y2="{middle}"/>'
        )
    length = max(span.end - span.start, 0)
    place = f'x="{start}" width="{scale.share(length)}"'
    yield f'<rect class="trace-bar" {box} rx="2" {place}/>'
    if span.status == "ERROR":
        y = row.y + style.BAR_TOP + style.BAR_HEIGHT + 1
        yield f'<rect class="trace-error" {place} y="{y}" height="2"/>'
    elif decided(span):
        y = row.y + style.BAR_TOP + style.BAR_HEIGHT + 2
        yield (
            f'<line class="trace-decided" x1="{start}" x2="{scale.at(span.end)}"'
            f' y1="{y}" y2="{y}" stroke-dasharray="5 3"/>'
        )
    if length * 100 < scale.total:
        # Too short to be seen at its own width.
        late = (span.start - scale.start) * 100 > scale.total * 99
        shift = _shift(-3 if late else 0)
        yield f'<rect class="trace-least" {box} x="{start}" width="3"{shift}/>'
    for moment in linked:
        early = (moment - scale.start) * 100 < scale.total
        yield (
            f'<circle class="trace-dot" cx="{scale.at(moment)}" cy="{middle}" r="3"'
            f"{_shift(3 if early else 0)}/>"
        )


def _shift(pixels: int) -> str:
    """What keeps inside the picture that would stand out of it."""
    return f' transform="translate({pixels})"' if pixels else ""


def _key(title: str) -> str:
    """The beginning of a picture's ids: its title to read, and a sum to be sure."""
    words = re.findall(r"[a-z0-9]+", title.lower())
    return "-".join(["trace", *words, f"{zlib.crc32(title.encode()):08x}"])


def _text(text: str) -> str:
    return escape(clean(text))
