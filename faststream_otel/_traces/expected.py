"""Reads the shape that a trace is expected to have."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ANYTHING: Final = "..."
_KIND: Final = re.compile(r" \[(?:PRODUCER|CONSUMER|CLIENT|SERVER|INTERNAL)\](?= ✗ |$)")
_DEPTH: Final = re.compile(r"\((\d+)\) ")
_VALUE: Final = r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^,{}"]*'
_ATTRIBUTE: Final = re.compile(rf"\s*([^\s=,{{}}]+)=({_VALUE})\s*(?:,|$)")
_ATTRIBUTES: Final = re.compile(rf" \{{((?:\s*[^\s=,{{}}]+=(?:{_VALUE})\s*,?)+)\}}$")


@dataclass(eq=False)
class Expected:
    """A line of a shape: a span, or any spans.

    Attributes:
        text: The line, without what it is indented by.
        span: What it says of a span besides its attributes.
        attributes: Text of the values that attributes have, by their names.
        below: The lines below it.
    """

    text: str
    span: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    below: list[Expected] = field(default_factory=list)

    @property
    def is_anything(self) -> bool:
        """Whether it stands for any spans."""
        return self.text == ANYTHING


@dataclass
class Shape:
    """What a trace is expected to be.

    Attributes:
        roots: The lines that are furthest to the left.
        lines: All lines, with their depths.
        kinds: Whether kinds are compared.
    """

    roots: list[Expected]
    lines: list[tuple[int, Expected]]
    kinds: bool


def read(text: str) -> Shape:
    """Read a shape.

    Raises:
        ValueError: It cannot be one.
    """
    roots: list[Expected] = []
    above: list[Expected] = []
    lines: list[tuple[int, Expected]] = []
    for depth, said in _indented(text):
        if depth > len(above):
            raise ValueError(
                f"the shape cannot be read: {said!r} is at level {depth}, but the "
                f"line above it is at level {len(above) - 1}; indent a child by two "
                "spaces more than its parent"
            )
        if depth and above[depth - 1].is_anything:
            raise ValueError(
                f"the shape cannot be read: {said!r} is below {ANYTHING!r}, which "
                "already matches everything below it"
            )
        expected = _line(said)
        (above[depth - 1].below if depth else roots).append(expected)
        above[depth:] = [expected]
        lines.append((depth, expected))
    return Shape(roots, lines, any(_KIND.search(each.span) for _, each in lines))


def _indented(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, and how deep each is."""
    for line in dedent(text).splitlines():
        said = line.strip()
        if not said:
            continue
        spaces = len(line) - len(line.lstrip())
        if spaces % 2:
            raise ValueError(
                f"the shape cannot be read: {said!r} is indented by an odd number "
                f"of spaces, {spaces}; indent by two spaces per level"
            )
        if deep := _DEPTH.match(said):
            yield int(deep[1]), said[deep.end() :]
        else:
            yield spaces // 2, said


def _line(said: str) -> Expected:
    found = _ATTRIBUTES.search(said)
    if found is None:
        return Expected(said, said)
    attributes = {each[1]: each[2].strip() for each in _ATTRIBUTE.finditer(found[1])}
    return Expected(said, said[: found.start()], attributes)
