"""What the page about promises shows: the measurements that `scripts/force` wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

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


class _Found(NamedTuple):
    scenario: str
    run: str
    check: dict[str, Any]


def run_of(scenario: dict[str, Any]) -> str:
    """Name the run in which a scenario was measured."""
    return "quick" if scenario["quick"] else "full"


def _measured() -> dict[str, Any]:
    measured: dict[str, Any] = json.loads(MEASURED.read_text())
    return measured


def _checks(area: str) -> Iterator[_Found]:
    """Give each check of an area, with its scenario."""
    for scenario in _measured()["scenarios"]:
        if scenario["name"].partition("/")[0] == area:
            for check in scenario["checks"]:
                yield _Found(scenario["name"], run_of(scenario), check)


def table() -> str:
    """Write a table per area: each promise, the worst that was measured, in which run,
    and whether it is kept.
    """
    lines: list[str] = []
    for area, heading in AREAS.items():
        lines += [f"### {heading}", "", f"`scripts/force {area}`", ""]
        lines += [
            "| What | Promised | Measured, at worst | Run | Kept |",
            "|---|---|---|---|---|",
        ]
        of: dict[tuple[str, str], list[_Found]] = {}
        for found in _checks(area):
            promise = found.check["what"], found.check["promised"]
            of.setdefault(promise, []).append(found)
        lines += [_row(what, promised, each) for (what, promised), each in of.items()]
        lines.append("")
    return "\n".join(lines)


def _row(what: str, promised: str, found: list[_Found]) -> str:
    kept = sum(each.check["holds"] for each in found)
    worst = max(found, key=lambda each: (not each.check["holds"], each.check["rank"]))
    several = len({each.check["ours"] for each in found}) > 1
    where = f" (`{worst.scenario}`)" if several else ""
    bare = f", bare {worst.check['bare']}" if worst.check["bare"] else ""
    counted = f"{kept}/{len(found)}"
    cells = (
        _sentence(what),
        promised,
        f"{worst.check['ours']}{bare}{where}",
        worst.run,
        counted if kept == len(found) else f"**{counted}**",
    )
    return f"| {' | '.join(map(_cell, cells))} |"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _cell(text: str) -> str:
    """Escape what would end a cell of a table, and let long names break."""
    text = re.sub(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", _breakable, text)
    return text.replace("|", "\\|")


def _breakable(name: re.Match[str]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "<wbr>", name[0])


def faults() -> str:
    """Write a table of all faults."""
    lines = ["| Scenario | What is done | Run |", "|---|---|---|"]
    lines += [
        f"| `{each['name']}` | {_sentence(each['fault'])} | {run_of(each)} |"
        for each in _measured()["scenarios"]
    ]
    return "\n".join(lines) + "\n"


def made_with() -> str:
    """Say on what it was measured."""
    measured = _measured()
    versions = ", ".join(
        f"{name} {version}" for name, version in measured["versions"].items()
    )
    runs = [run_of(each) for each in measured["scenarios"]]
    return (
        f"Measured on {measured['machine']}, with Python {measured['python']}, "
        f"{versions}: {runs.count('full')} scenarios in full, "
        f"{runs.count('quick')} by `--quick`.\n"
    )
