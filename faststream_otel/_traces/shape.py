"""Compares a trace with the shape that is expected, and says what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faststream_otel._traces import expected as reading
from faststream_otel._traces.difference import difference
from faststream_otel._traces.matching import matches

if TYPE_CHECKING:
    from faststream_otel._traces.model import Trace


def assert_trace(trace: Trace, expected: str) -> None:
    """Fail unless a trace has the shape that is expected.

    A line is a span: its name, `[KIND]`, `✗` with its error where it has one, and
    attributes, as in `process orders [CONSUMER] {messaging.system=kafka}`. Below it,
    further to the right by two spaces, are its children in the order in which they
    began. Kinds are compared if any are written, and attributes where they are.

    `...` in place of spans stands for any spans, or none, with all that is below them.
    In place of an attribute's value it stands for any value.

    Args:
        trace: What was recorded.
        expected: Its shape. Empty lines, and what all lines are indented by, do not
            matter.

    Raises:
        AssertionError: It has another; the message is a diff.
        ValueError: The shape cannot be read.
    """
    __tracebackhide__ = True
    shape = reading.read(expected)
    if not matches(trace, shape):
        said = difference(trace, shape)
        raise AssertionError(f"the trace has another shape\n{said}")
