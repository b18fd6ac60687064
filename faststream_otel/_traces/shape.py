"""Compares a trace with the shape that is expected, and says what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faststream_otel._traces import expected as reading
from faststream_otel._traces.difference import difference
from faststream_otel._traces.matching import matches

if TYPE_CHECKING:
    from faststream_otel._traces.model import Trace


def assert_trace(trace: Trace, expected: str) -> None:
    """Fail unless a trace has the expected shape.

    Each line is a span: its name, `[KIND]`, `✗` with its error if it has one, and
    attributes, as in `process orders [CONSUMER] {messaging.system=kafka}`. Its
    children follow, indented by two more spaces, in the order in which they began.
    Kinds are compared if any are written, and attributes on the spans that list them.

    `...` in place of a span matches any number of spans, including none, and
    everything below them. In place of an attribute's value, it matches any value.

    Args:
        trace: What was recorded.
        expected: The shape. Empty lines are ignored, and so is indentation that all
            lines share.

    Raises:
        AssertionError: The trace has a different shape; the message is a diff.
        ValueError: The shape cannot be read.
    """
    __tracebackhide__ = True
    shape = reading.read(expected)
    if not matches(trace, shape):
        said = difference(trace, shape)
        raise AssertionError(f"the trace has a different shape\n{said}")
