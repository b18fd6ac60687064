"""Whether a trace has a shape. Traces may be deep: nothing here calls itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faststream_otel._traces.expected import ANYTHING
from faststream_otel._traces.format import value
from faststream_otel._traces.model import line, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.util.types import AttributeValue

    from faststream_otel._traces.expected import Expected, Shape
    from faststream_otel._traces.model import RecordedSpan, Trace

    Question = Iterator[Any]


def matches(trace: Trace, shape: Shape) -> bool:
    """Whether a trace has a shape."""
    return Matching(trace, shape).level(shape.roots, trace.roots())


class Matching:
    """Lines and spans that are compared, each pair once.

    Args:
        trace: What was recorded.
        shape: What was expected.
    """

    def __init__(self, trace: Trace, shape: Shape) -> None:
        self._trace = trace
        self._kinds = shape.kinds
        self._known: dict[tuple[int, int], bool] = {}
        # Of the question that was answered last.
        self._answer = False

    def level(self, lines: Sequence[Expected], spans: Sequence[RecordedSpan]) -> bool:
        """Whether spans, with all that is below them, are what lines say."""
        asked = [self._level(lines, spans)]
        while asked:
            # Either it asks about what is below, or it is answered.
            question = next(asked[-1], None)
            if question is None:
                asked.pop()
            else:
                asked.append(question)
        return self._answer

    def line(self, expected: Expected, span: RecordedSpan) -> bool:
        """Whether a span is what a line says, whatever is below."""
        text = line(span, kinds=self._kinds)
        if text != expected.span:
            # A name may look as if attributes followed.
            return text == expected.text
        return all(
            name in span.attributes and _is_said(span.attributes[name], said)
            for name, said in expected.attributes.items()
        )

    def _pair(self, expected: Expected, span: RecordedSpan) -> Question:
        key = id(expected), id(span)
        if key not in self._known:
            answer = self.line(expected, span)
            if answer:
                yield self._level(expected.below, self._trace.children(span))
                answer = self._answer
            self._known[key] = answer
        self._answer = self._known[key]

    def _level(
        self, lines: Sequence[Expected], spans: Sequence[RecordedSpan]
    ) -> Question:
        """Match as file names match a pattern: `...` takes as little as it can."""
        at = of = 0
        anything = taken = -1
        while of < len(spans):
            if at < len(lines) and lines[at].is_anything:
                anything, taken = at, of
                at += 1
                continue
            self._answer = False
            if at < len(lines):
                yield self._pair(lines[at], spans[of])
            if self._answer:
                at += 1
                of += 1
            elif anything >= 0:
                taken += 1
                at, of = anything + 1, taken
            else:
                return
        self._answer = all(each.is_anything for each in lines[at:])


def _is_said(attribute: AttributeValue, said: str) -> bool:
    return said in (ANYTHING, value(attribute), quoted(attribute))
