"""What the page about promises shows: the measurements that `scripts/force` wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from guide.kinds import KINDS

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


# The names of brokers and protocols, of which a family of scenarios has one each.
_PLACES: Final = {
    **dict.fromkeys([*(kind.name for kind in KINDS), "redis"], "BROKER"),
    **dict.fromkeys(["http", "grpc"], "PROTOCOL"),
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


def _promises(area: str) -> list[list[_Found]]:
    """Give each promise of an area, with all that was measured for it."""
    of: dict[tuple[str, str], list[_Found]] = {}
    for scenario in _measured()["scenarios"]:
        if scenario["name"].partition("/")[0] == area:
            for check in scenario["checks"]:
                found = _Found(scenario["name"], run_of(scenario), check)
                of.setdefault((check["what"], check["promised"]), []).append(found)
    return list(of.values())


def kept() -> str:
    """Say how many promises are kept, and name those that are not."""
    made = [
        found
        for area in AREAS
        for found in _promises(area)
        if found[0].check["promised"]
    ]
    whole = sum(all(each.check["holds"] for each in found) for found in made)
    scenarios = len(_measured()["scenarios"])
    lines = [f"In {scenarios} scenarios, **{whole} of {len(made)} promises are kept**."]
    if whole < len(made):
        lines += ["These are not:", ""]
        lines += filter(None, map(_broken, made))
    return "\n".join(lines) + "\n"


def _broken(found: list[_Found]) -> str:
    """Say in how many scenarios a promise is not kept, if there are any."""
    broken = sum(not each.check["holds"] for each in found)
    if not broken:
        return ""
    worst = _worst(found)
    return (
        f"- {_promise(worst.check)}. "
        f"Not kept in {broken} of {len(found)} scenarios; "
        f"at worst: {_measurement(worst)} (`{worst.scenario}`, {worst.run} run)."
    )


def table() -> str:
    """Write a table per area: each promise, the worst that was measured, and in how
    many scenarios it is kept.
    """
    lines: list[str] = []
    for area, heading in AREAS.items():
        lines += [f"### {heading}", "", f"`scripts/force {area}`", ""]
        lines += ["| Promise | Measured, at worst | Kept |", "|---|---|---|"]
        lines += map(_row, _promises(area))
        lines.append("")
    return "\n".join(lines)


def _row(found: list[_Found]) -> str:
    worst = _worst(found)
    several = len({each.check["ours"] for each in found}) > 1
    where = [f"`{worst.scenario}`"] if several else []
    where += ["quick"] if worst.run == "quick" else []
    brackets = f" ({', '.join(where)})" if where else ""
    count = sum(each.check["holds"] for each in found)
    counted = f"{count}/{len(found)}"
    if not worst.check["promised"]:
        counted = "not promised"
    elif count < len(found):
        counted = f"**{counted}**"
    return (
        f"| {_promise(worst.check)} | {_measurement(worst)}{_cell(brackets)} "
        f"| {counted} |"
    )


def _worst(found: list[_Found]) -> _Found:
    return max(found, key=lambda each: (not each.check["holds"], each.check["rank"]))


def _measurement(found: _Found) -> str:
    """Give what was measured, beside what bare has, or FastStream's own."""
    check = found.check
    beside = ""
    if check["bare"]:
        beside = f", bare {check['bare']}"
    elif check["own"]:
        beside = f", own {check['own']}"
    return _cell(f"{check['ours']}{beside}")


def _promise(check: dict[str, Any]) -> str:
    promised = f": {check['promised']}" if check["promised"] else ""
    return _cell(f"{_sentence(check['what'])}{promised}")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _cell(text: str) -> str:
    """Escape what would end a cell of a table, and let long names break."""
    text = re.sub(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", _breakable, text)
    return text.replace("|", "\\|")


def _breakable(name: re.Match[str]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "<wbr>", name[0])


def faults() -> str:
    """Write a table of all faults: those of several brokers in one row."""
    families: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in _measured()["scenarios"]:
        families.setdefault((_family(each["name"]), each["fault"]), []).append(each)
    lines = ["| Scenario | What is done | Run |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {_sentence(fault)} | {_runs(found)} |"
        for (name, fault), found in families.items()
    ]
    return "\n".join(lines) + "\n"


def _family(name: str) -> str:
    return "/".join(_PLACES.get(part, part) for part in name.split("/"))


def _runs(found: list[dict[str, Any]]) -> str:
    """Say how a family was run, and with which brokers or protocols."""
    of: dict[str, list[str]] = {}
    for each in found:
        parts = each["name"].split("/")
        of.setdefault(run_of(each), []).extend(p for p in parts if p in _PLACES)
    return "; ".join(
        f"{run}: {', '.join(places)}" if places else run for run, places in of.items()
    )


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
