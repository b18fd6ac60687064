"""What the shapes, marks and stripes of a picture mean, below it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from faststream_otel._traces import picture_style as style
from faststream_otel._traces.format import cells, clean, shorten
from faststream_otel._traces.picture_words import decided

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from faststream_otel._traces.model import RecordedSpan
    from faststream_otel._traces.picture_layout import Row


def legend_of(rows: list[Row], services: Mapping[str, int]) -> tuple[list[str], int]:
    """The lines of the legend, and where the picture ends."""
    top = rows[-1].y + style.ROW if rows else style.AXIS
    most = style.LEGEND_MOST - bool(services) * style.STRIPE_ROOM
    lines: list[str] = []
    x, y = style.LEGEND_LEFT, top + style.LEGEND // 2
    items = [*_marks(rows), *_stripes(services)]
    for number, (kind, words, sample) in enumerate(items):
        first_service = number == len(items) - len(services)
        end = x + style.LEGEND_WORDS + round(cells(words) * style.NOTE_CELL)
        if x > style.LEGEND_LEFT and (end > most or first_service):
            x, end = style.LEGEND_LEFT, end - x + style.LEGEND_LEFT
            y += style.LEGEND
        lines.append(
            f'<g class="trace-{kind}"'
            f' transform="translate({x} {y})">{sample}<text class="trace-note"'
            f' x="{style.LEGEND_WORDS}" y="4">{escape(words)}</text></g>'
        )
        x = end + style.LEGEND_GAP
    return lines, y + style.LEGEND // 2 if lines else top


def _marks(rows: list[Row]) -> Iterator[tuple[str, str, str]]:
    """What spans are marked with: the class of a sample, its words, the sample."""
    kinds = {kind_of(row.span) for row in rows}
    for kind, path in style.SHAPES.items():
        if kind in kinds:
            name = kind.lower()
            yield name, name, f'<path class="trace-shape" d="{path}"/>'
    if any(row.span.status == "ERROR" for row in rows):
        yield "error", "error", f'<path class="trace-error" d="{style.ERROR}"/>'
    for decision in dict.fromkeys(decided(row.span) for row in rows):
        if decision:
            yield "key", clean(decision), f"<path {decision_mark(decision)}/>"
    links = {moment is None for row in rows for moment in row.linked}
    if False in links:
        yield "link", "link", style.LINK_SAMPLE
    if True in links:
        sample = f'<path class="trace-out" d="{style.LINK_OUT}"/>'
        yield "link-out", "link out", sample


def _stripes(services: Mapping[str, int]) -> Iterator[tuple[str, str, str]]:
    for service, number in services.items():
        words = shorten(clean(service), style.NOTE_MOST)
        yield "key", words, stripe(number, x=3, top=-7, bottom=8)


def kind_of(span: RecordedSpan) -> str:
    """The kind as which a span is drawn."""
    return span.kind if span.kind in style.SHAPES else "INTERNAL"


def decision_mark(decision: str) -> str:
    """The mark of what a handler decided, as attributes of a path."""
    path = style.ACCEPTED if decision == "acked" else style.DECLINED
    return f'class="trace-decided" d="{path}"'


def stripe(number: int, *, x: int, top: int, bottom: int) -> str:
    """The stripe of a service: its colour, and its dashes."""
    colour = (number - 1) % style.COLOURS + 1
    dashes = style.DASHES[(number - 1) % len(style.DASHES)]
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line class="trace-stripe trace-service-{colour}" x1="{x}" x2="{x}"'
        f' y1="{top}" y2="{bottom}"{dashed}/>'
    )
