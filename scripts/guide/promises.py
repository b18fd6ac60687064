"""What the page about promises shows: the measurements that `scripts/force` wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# Under the checkout, written by `scripts/force --write`.
MEASURED: Final = Path(__file__).parents[1] / "trials" / "measured.json"

# The areas, in the page's order, as a reader asks for them.
AREAS: Final = {
    "backends": "The collector is gone, slow or wrong",
    "brokers": "The broker's server dies, or is out of reach",
    "hostile": "Somebody sends headers that mean harm",
    "content": "Messages hold secrets",
    "flight": "There are many messages at once, and tasks are cancelled",
    "soak": "The service runs for long",
}


def _measured() -> dict[str, Any]:
    measured: dict[str, Any] = json.loads(MEASURED.read_text())
    return measured


def _checks(area: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each check of an area, with the name of its scenario."""
    for scenario in _measured()["scenarios"]:
        if scenario["name"].partition("/")[0] == area:
            for check in scenario["checks"]:
                yield scenario["name"], check


def table() -> str:
    """Write a table per area: each promise, the worst that was measured, and whether
    it is kept.
    """
    lines: list[str] = []
    for area, heading in AREAS.items():
        lines += [f"### {heading}", "", f"`scripts/force {area}`", ""]
        lines += [
            "| What | Promised | Measured, at worst | Kept |",
            "|---|---|---|---|",
        ]
        of: dict[tuple[str, str], list[tuple[str, dict[str, Any]]]] = {}
        for name, check in _checks(area):
            of.setdefault((check["what"], check["promised"]), []).append((name, check))
        lines += [_row(what, promised, each) for (what, promised), each in of.items()]
        lines.append("")
    return "\n".join(lines)


def _row(what: str, promised: str, found: list[tuple[str, dict[str, Any]]]) -> str:
    kept = sum(check["holds"] for _, check in found)
    name, worst = max(found, key=lambda each: (not each[1]["holds"], each[1]["rank"]))
    where = f" (`{name}`)" if len({check["ours"] for _, check in found}) > 1 else ""
    bare = f", bare {worst['bare']}" if worst["bare"] else ""
    cells = (
        _sentence(what),
        promised,
        f"{worst['ours']}{bare}{where}",
        f"{'yes' if kept == len(found) else '**no**'}, {kept} of {len(found)}",
    )
    return f"| {' | '.join(map(_cell, cells))} |"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _cell(text: str) -> str:
    """Escape what would end a cell of a table."""
    return text.replace("|", "\\|")


def faults() -> str:
    """Write a table of all faults."""
    lines = ["| Scenario | What is done |", "|---|---|"]
    lines += [
        f"| `{scenario['name']}` | {_sentence(scenario['fault'])} |"
        for scenario in _measured()["scenarios"]
    ]
    return "\n".join(lines) + "\n"


def made_with() -> str:
    """Say on what it was measured."""
    measured = _measured()
    versions = ", ".join(
        f"{name} {version}" for name, version in measured["versions"].items()
    )
    how = "`scripts/force --quick`" if measured["quick"] else "`scripts/force`"
    return (
        f"Measured by {how} on {measured['machine']}, "
        f"with Python {measured['python']}, {versions}.\n"
    )
