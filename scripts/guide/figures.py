"""What a page shows of a trace: its picture, its attributes as tables, and its tree.

The tables are HTML, read without JavaScript; with it, a span of the picture that is
pointed at shows its own. What all spans have in common is said once.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from faststream_otel._traces.format import clean, duration, interval, value
from faststream_otel._traces.picture import svg
from faststream_otel._traces.picture_style import STYLE
from faststream_otel.testing import render
from guide.places import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from opentelemetry.util.types import AttributeValue

    from faststream_otel.testing import RecordedLink, RecordedSpan, Trace

__all__ = ("STYLE", "STYLE_SHEET", "figure")

# The style of all pictures, once for the whole site.
STYLE_SHEET: Final = DOCS / "assets" / "css" / "trace.css"


def figure(trace: Trace, picture: Path, *, title: str) -> dict[Path, str]:
    """The files of a trace: its picture, and beside it the tables and the tree."""
    return {
        picture: svg(trace, title=title, alone=False),
        picture.with_suffix(".html"): tables(trace, title),
        picture.with_suffix(".txt"): f"{render(trace)}\n",
    }


def tables(trace: Trace, title: str) -> str:
    """The spans of a trace in tables, in the order of the picture's rows."""
    spans = [span for _, span in trace.walk()]
    shared = common(spans) if len(spans) > 1 else {}
    lines = [
        '<details class="trace-spans">',
        "<summary>Spans and their attributes</summary>",
        *(line for span in spans for line in table(span, trace, shared)),
    ]
    if shared:
        lines += [
            '<table class="trace-span trace-common">',
            "<caption>Every span</caption>",
            *(row(clean(name), value(shared[name])) for name in sorted(shared)),
            "</table>",
        ]
    return "\n".join([*lines, "</details>\n"])


def common(spans: list[RecordedSpan]) -> dict[str, AttributeValue]:
    """The attributes that have the same value on each span."""
    first, *others = (span.attributes for span in spans)
    return {
        name: held
        for name, held in first.items()
        if all(name in other and other[name] == held for other in others)
    }


def table(
    span: RecordedSpan, trace: Trace, shared: Mapping[str, AttributeValue]
) -> Iterator[str]:
    """One span: what it is, then the attributes that are its own."""
    names = {each.span_id: clean(each.name) for each in trace.spans}
    start = min(each.start for each in trace.spans)
    yield f'<table class="trace-span trace-{escape(span.kind.lower())}">'
    yield f"<caption>{escape(clean(span.name))}</caption>"
    when = interval(span.start - start, span.end - start)
    facts = [
        ("Kind", clean(span.kind)),
        ("Service", clean(span.service)),
        ("Time", f"{duration(span.end - span.start)}, from {when}"),
        ("Parent", parent(span, names)),
        *(("Link", linked(link, names)) for link in span.links),
    ]
    if span.status == "ERROR":
        facts.append(("Status", f"ERROR {clean(span.status_description)}".strip()))
    for name, text in facts:
        if text:
            yield row(name, text, fact=True)
    for name in sorted(set(span.attributes) - set(shared)):
        yield row(clean(name), value(span.attributes[name]))
    yield "</table>"


def parent(span: RecordedSpan, names: Mapping[int, str]) -> str:
    """The span that this one is below."""
    if span.parent_id is None:
        return "none"
    return names.get(span.parent_id, "not in this picture")


def linked(link: RecordedLink, names: Mapping[int, str]) -> str:
    """The span that is linked, and what the link says of it."""
    words = [names.get(link.span_id, "not in this picture")]
    words += [
        f"{clean(name)} = {value(link.attributes[name])}"
        for name in sorted(link.attributes)
    ]
    return ", ".join(words)


def row(name: str, text: str, *, fact: bool = False) -> str:
    """A line of a table. A fact is the span's own, not an attribute."""
    kind = ' class="trace-fact"' if fact else ""
    return (
        f'<tr{kind}><th scope="row">{breakable(name)}</th>'
        f"<td>{breakable(text)}</td></tr>"
    )


def breakable(text: str) -> str:
    """Text that may break after a dot, as names of attributes and classes should."""
    parts: Iterable[str] = escape(text).split(".")
    return ".<wbr>".join(parts) if len(text) > BREAKS else escape(text)


# Names shorter than this fit into every column.
BREAKS: Final = 16
