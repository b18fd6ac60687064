"""A trace as text: the tree that a terminal and the README show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faststream_otel._format import cells, clean, duration, fault, value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel._trace import RecordedSpan, Trace

_GAP = "  "
_TIMES = "\N{MULTIPLICATION SIGN}"


def render(trace: Trace, *, attributes: bool = False) -> str:
    """The trace as a tree, a span a line, in columns.

    After its name come a span's kind, service and duration; then, where there are any,
    `✗` with its error and `↗` with the spans that it links.

    Args:
        trace: What was recorded; it may have several roots.
        attributes: Whether each span's attributes follow it, a line each.

    Returns:
        Lines without a newline at the end, ready for `print`.
    """
    rows = [row for root in trace.roots() for row in _below(trace, root, "", "")]
    if not rows:
        return "no spans"
    names = {span.span_id: clean(span.name) for span in trace.spans}
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
    lines: list[str] = []
    for (span, _, margin), (*left, right) in zip(rows, table, strict=True):
        columns = [_pad(text, width) for text, width in zip(left, widths, strict=False)]
        columns.append(" " * (widths[-1] - cells(right)) + right)
        columns.extend(_marks(span, names))
        lines.append(_GAP.join(columns))
        if attributes:
            lines.extend(
                f"{margin}  {clean(key)}: {value(span.attributes[key])}"
                for key in sorted(span.attributes)
            )
    return "\n".join(line.rstrip() for line in lines)


def _below(
    trace: Trace, span: RecordedSpan, branch: str, margin: str
) -> Iterator[tuple[RecordedSpan, str, str]]:
    """Each span depth first: the branch before its name, the margin of what follows."""
    children = trace.children(span)
    yield span, branch, margin + ("│ " if children else "  ")
    for child in children:
        if child is children[-1]:
            yield from _below(trace, child, margin + "└── ", margin + "    ")
        else:
            yield from _below(trace, child, margin + "├── ", margin + "│   ")


def _marks(span: RecordedSpan, names: dict[int, str]) -> Iterator[str]:
    if error := fault(span):
        yield f"✗ {error}"
    counts: dict[str, int] = {}
    for link in span.links:
        target = names.get(link.span_id, f"span {link.span_id:016x}")
        counts[target] = counts.get(target, 0) + 1
    if counts:
        yield "↗ " + ", ".join(
            f"{count} {_TIMES} {target}" if count > 1 else target
            for target, count in counts.items()
        )


def _pad(text: str, width: int) -> str:
    return text + " " * (width - cells(text))
