"""Words and numbers of a trace as a reader sees them: tree and picture share these."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

# The smallest duration that is shown in a unit, its nanoseconds, its name. A unit
# begins where the one below would round up to it: 999.7 ms is "1 s", not "1000 ms".
_UNITS = (
    (999_500_000, 1_000_000_000, "s"),
    (99_950, 1_000_000, "ms"),
    (1_000, 1_000, "µs"),
)
_BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
) | frozenset("\u2066\u2067\u2068\u2069")
_ELLIPSIS = "…"


def _number(nanoseconds: int, scale: int) -> str:
    """Three digits, or all before the point, without zeros that tell nothing."""
    if nanoseconds >= 100 * scale:
        digits = 0
    elif nanoseconds >= 10 * scale:
        digits = 1
    else:
        digits = 2
    # Integers only: a float's last digit is not the same everywhere.
    rounded = (nanoseconds * 10**digits * 2 + scale) // (scale * 2)
    whole, rest = divmod(rounded, 10**digits)
    return f"{whole}.{rest:0{digits}d}".rstrip("0").rstrip(".") if rest else str(whole)


def _unit(nanoseconds: int) -> tuple[int, str]:
    for least, scale, name in _UNITS:
        if nanoseconds >= least:
            return scale, name
    return (1, "ns") if nanoseconds else (1_000_000, "ms")


def duration(nanoseconds: int, like: int | None = None) -> str:
    """A duration in the unit that suits it: `1 ms`, `0.35 ms`, `12 µs`, `1.2 s`.

    Args:
        nanoseconds: How long. What is below zero counts as zero.
        like: A duration whose unit to use, so that several read alike.
    """
    nanoseconds = max(nanoseconds, 0)
    scale, name = _unit(nanoseconds if like is None else max(like, 0))
    return f"{_number(nanoseconds, scale)} {name}"


def interval(start: int, end: int) -> str:
    """A stretch of time in one unit: `2 to 5 ms`."""
    first, _, _ = duration(start, like=end).partition(" ")
    return f"{first} to {duration(end)}"


def clean(text: str) -> str:
    """Text in one line that neither a terminal nor XML takes for an instruction.

    White space of any kind becomes a space. What cannot be shown, is not allowed in XML
    or turns the direction of the text around becomes U+FFFD.
    """

    def shown(char: str) -> str:
        if char.isspace():
            return " "
        if char in _BIDI_CONTROLS or char in "\ufffe\uffff":
            return "\ufffd"
        return "\ufffd" if unicodedata.category(char) in {"Cc", "Cs"} else char

    return text if text.isascii() and text.isprintable() else "".join(map(shown, text))


def _cell(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def shorten(text: str, limit: int) -> str:
    """The text, or what fits of it with an ellipsis in `limit` cells."""
    if cells(text) <= limit:
        return text
    kept, used = "", 1
    for char in text:
        used += _cell(char)
        if used > limit:
            break
        kept += char
    return kept.rstrip() + _ELLIPSIS


def value(attribute: AttributeValue) -> str:
    """An attribute's value in one line: text as it is, a list in brackets."""
    if isinstance(attribute, str):
        return clean(attribute)
    if isinstance(attribute, bool):
        return "true" if attribute else "false"
    if isinstance(attribute, Sequence) and not isinstance(attribute, bytes):
        return f"[{', '.join(value(item) for item in attribute)}]"
    return clean(str(attribute))
