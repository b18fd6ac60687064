"""The shape of a trace as indented text, and what differs from the one expected."""

from __future__ import annotations

import re
from difflib import unified_diff
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faststream_otel._traces.model import Trace

_KIND = re.compile(r" \[(PRODUCER|CONSUMER|CLIENT|SERVER|INTERNAL)\]")


def assert_trace(trace: Trace, expected: str) -> None:
    """Fail unless a trace has the shape that is expected.

    A line is a span: its name, `[KIND]`, and `✗` with its error where it has one. Below
    it, further to the right by two spaces, are its children in the order in which they
    began. Kinds are compared if any are written.

    Args:
        trace: What was recorded.
        expected: Its shape. Empty lines, and what all lines are indented by, do not
            matter.

    Raises:
        AssertionError: It has another; the message is a diff.
    """
    __tracebackhide__ = True
    lines = dedent(expected).splitlines()
    wanted = [line.rstrip() for line in lines if line.strip()]
    kinds = any(map(_KIND.search, wanted))
    found = trace.shape(kinds=kinds).splitlines()
    if found == wanted:
        return
    # As much context as there is: traces are short, and parents tell where a span is.
    length = len(found) + len(wanted)
    diff = unified_diff(wanted, found, "expected", "recorded", n=length, lineterm="")
    differing = [line for line in diff if not line.startswith("@@")]
    raise AssertionError("\n".join(["the trace has another shape", *differing]))
