"""What differs between a trace and the shape that was expected, for people to read."""

from __future__ import annotations

from difflib import SequenceMatcher, unified_diff
from typing import TYPE_CHECKING, Final

from faststream_otel._traces.expected import ANYTHING
from faststream_otel._traces.matching import Matching
from faststream_otel._traces.model import indented, line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from faststream_otel._traces.expected import Expected, Shape
    from faststream_otel._traces.model import RecordedSpan, Trace

    # A line with the span that it is compared with; one alone has no counterpart.
    Pair = tuple[Expected | None, RecordedSpan | None]

# A difference that is longer is cut: it is there to be read.
_MOST: Final = 400
_AROUND: Final = 20
_SHOWN: Final = 140
# Comparing takes the square of it.
_MOST_ALIGNED: Final = 200


def difference(trace: Trace, shape: Shape) -> str:
    """The lines that were expected and those that were recorded, as a diff."""
    wanted = [indented(depth, each.text) for depth, each in shape.lines]
    found = list(_recorded(trace, shape))
    if found == wanted:
        # No line is at fault: what `...` could take is not where it is.
        found = trace.shape(kinds=shape.kinds).splitlines()
    first, wanted, found, last = _cut(wanted, found)
    # As much context as there is: traces are short, and parents tell where a span is.
    length = len(found) + len(wanted)
    diff = unified_diff(wanted, found, "expected", "recorded", n=length, lineterm="")
    head: list[str] = []
    rest: list[str] = []
    for each in diff:
        if not each.startswith("@@"):
            (head if len(head) < 2 else rest).append(each)  # noqa: PLR2004 - --- and +++
    return "\n".join([*head, *first, *rest, *last])


def _cut(
    wanted: list[str], found: list[str]
) -> tuple[list[str], list[str], list[str], list[str]]:
    """Leave what is around the first differences, and say how much is left out."""
    if len(wanted) + len(found) <= _MOST:
        return [], wanted, found, []
    same = next(
        (at for at, (a, b) in enumerate(zip(wanted, found, strict=False)) if a != b),
        min(len(wanted), len(found)),
    )
    begin = max(same - _AROUND, 0)
    end = begin + _SHOWN
    left_out = max(len(wanted), len(found)) - end
    return (
        [f" … {begin} lines that are the same"] if begin else [],
        wanted[begin:end],
        found[begin:end],
        [f" … {left_out} more lines"] if left_out > 0 else [],
    )


def _recorded(trace: Trace, shape: Shape) -> Iterator[str]:
    """The lines of a trace; `...` where the shape has that."""
    matching = Matching(trace, shape)
    keys = list(_aligned(matching, shape.roots, trace.roots()))
    waiting: list[tuple[int, Pair]] = [(0, pair) for pair in reversed(keys)]
    while waiting:
        depth, (expected, span) = waiting.pop()
        if span is None:
            if expected is not None and expected.is_anything:
                yield indented(depth, ANYTHING)
            continue
        below: Iterator[Pair]
        children = trace.children(span)
        if expected is None:
            yield indented(depth, line(span, kinds=shape.kinds))
            below = ((None, child) for child in children)
        else:
            is_same = matching.line(expected, span)
            said = expected.text if is_same else _like(span, expected, shape)
            yield indented(depth, said)
            below = _aligned(matching, expected.below, children)
        waiting.extend((depth + 1, pair) for pair in reversed(list(below)))


def _like(span: RecordedSpan, expected: Expected, shape: Shape) -> str:
    return line(span, kinds=shape.kinds, attributes=expected.attributes)


def _aligned(
    matching: Matching, lines: Sequence[Expected], spans: Sequence[RecordedSpan]
) -> Iterator[Pair]:
    """Lines and spans side by side: those that match first, then those of one name."""
    begin = 0
    while (
        begin < min(len(lines), len(spans))
        and not lines[begin].is_anything
        and matching.line(lines[begin], spans[begin])
    ):
        yield lines[begin], spans[begin]
        begin += 1
    lines, spans = lines[begin:], spans[begin:]
    if max(len(lines), len(spans)) > _MOST_ALIGNED:
        is_open = any(each.is_anything for each in lines)
        yield from ((each, None) for each in lines)
        yield from () if is_open else ((None, each) for each in spans)
        return
    names = [_name(each.text) for each in lines]
    pairs = SequenceMatcher(None, names, [each.name for each in spans], autojunk=False)
    for what, a, b, c, d in pairs.get_opcodes():
        if what == "equal":
            yield from zip(lines[a:b], spans[c:d], strict=True)
        elif any(each.is_anything for each in lines[a:b]) or _is_covered(lines, a):
            yield from ((each, None) for each in lines[a:b])
        else:
            yield from ((each, None) for each in lines[a:b])
            yield from ((None, each) for each in spans[c:d])


def _is_covered(lines: Sequence[Expected], at: int) -> bool:
    """Whether what stands before a line could be what a `...` beside it takes."""
    return any(each.is_anything for each in lines[max(at - 1, 0) : at + 1])


def _name(text: str) -> str:
    """The name of a span in a line."""
    for mark in (" [", " ✗ ", " {"):
        text = text.partition(mark)[0]
    return text
