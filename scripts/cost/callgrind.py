"""Reads what callgrind wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# What Python does when a method is not in its cache, or was pushed out by another.
_MISS = "find_name_in_mro"
_FUNCTION = re.compile(r"c?fn=\((\d+)\)(?: (.*))?")


def instructions(dump: Path) -> int:
    """Give what was counted, less what misses in Python's cache of methods cost.

    Which methods push each other out of that cache is chance, and moves the whole by
    a percent or two. A build of Python whose functions have no names keeps them in.
    """
    total = misses = 0
    names: dict[str, str] = {}
    called = ""
    lines = iter(dump.read_text().splitlines())
    for line in lines:
        if function := _FUNCTION.match(line):
            number, name = function.groups()
            names.setdefault(number, name)
            called = names[number]
        elif line.startswith("calls="):
            # The next line ends with what the calls cost, inner calls included.
            cost = int(next(lines).split()[-1])
            misses += cost if called.startswith(_MISS) else 0
        elif line.startswith("totals: "):
            total = int(line.split()[1])
    if not total:
        raise SystemExit(f"{dump.name}: callgrind counted nothing")
    return total - misses
