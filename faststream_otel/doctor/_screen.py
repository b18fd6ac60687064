"""The report as text: a list whose words alone say everything."""

from __future__ import annotations

import os
import shutil
import textwrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from faststream_otel.doctor._diagnosis import Report
    from faststream_otel.doctor._finding import Finding

_COLOURS: Final = {"error": "31", "warning": "33", "note": "36", "well": "32"}
_WIDEST: Final = 100


def show(report: Report, out: TextIO) -> None:
    """Print a report.

    Args:
        report: What was found.
        out: Where to print.
    """
    paint = _Paint(has_colour=_has_colour(out))
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    for line in _lines(report, paint, width):
        print(line, file=out)


def _plain(text: str) -> str:
    """Write out what would steer a terminal, or could not be encoded."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in text
    )


class _Paint:
    def __init__(self, *, has_colour: bool) -> None:
        self._has_colour = has_colour

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._has_colour else text


def _has_colour(out: TextIO) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or out.isatty()


def _lines(report: Report, paint: _Paint, width: int) -> Iterator[str]:
    for finding in report.findings:
        yield from _finding(finding, paint, width)
        yield ""
    yield _sum(report, paint)
    yield ""
    yield paint("What was seen", "1")
    for fact in report.facts:
        yield from _entry(fact.name, fact.text, 0, width)


def _finding(finding: Finding, paint: _Paint, width: int) -> Iterator[str]:
    head = f"{finding.kind} {finding.code}"
    colour = f"1;{_COLOURS[finding.kind]}"
    title = textwrap.wrap(
        _plain(finding.title),
        width,
        initial_indent=f"{head}: ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    first, *rest = title
    yield paint(head, colour) + first.removeprefix(head)
    yield from rest
    entries = [
        ("Where", finding.where),
        ("Seen", finding.seen),
        ("Why", finding.why),
        ("Remedy", finding.remedy),
    ]
    for name, text in entries:
        if text:
            yield from _entry(name, text, len("Remedy") + 1, width)


def _entry(name: str, text: str, column: int, width: int) -> Iterator[str]:
    """Give a name and a text, which begins in a column where there are several."""
    indent = " " * (column + 3 if column else 4)
    label = f"  {f'{_plain(name)}:':{column}} "
    for number, paragraph in enumerate(text.split("\n")):
        yield from textwrap.wrap(
            _plain(paragraph),
            width,
            initial_indent=indent if number else label,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [label.rstrip()]


def _sum(report: Report, paint: _Paint) -> str:
    if not report.findings:
        return paint("Nothing is wrong.", _COLOURS["well"])
    kinds = [each.kind for each in report.findings]
    counts = [
        f"{count} {kind}{'s' if count > 1 else ''}"
        for kind in _COLOURS
        if (count := sum(each == kind for each in kinds))
    ]
    return f"{', '.join(counts)}."
