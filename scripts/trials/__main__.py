"""What is promised under faults, measured: `scripts/force --help` has the usage."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trials.brokers import shared
from trials.measured import MEASURED, write
from trials.scenarios import SCENARIOS, missing
from trials.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trials.trial import Scenario

# They wait more than they work.
_TOGETHER: Final = 4


def main() -> None:
    """Run what is named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", action="store_const", dest="json", const=MEASURED)
    options = parser.parse_args()
    wanted = [each for each in SCENARIOS if _is_wanted(each, options)]
    if unknown := [
        name for name in options.names if not any(_named(each, name) for each in wanted)
    ]:
        parser.error(f"no such scenario: {', '.join(unknown)}; --list names them")
    if options.list:
        for each in wanted:
            print(f"{each.name:34}{each.fault}")
        return
    jobs = options.jobs or (_TOGETHER if options.quick else 1)
    measured, broken = [], []
    with shared.ending(), ThreadPoolExecutor(jobs) as pool:
        trials = pool.map(lambda each: _run(each, quick=options.quick), wanted)
        for scenario, trial in zip(wanted, trials, strict=True):
            print("\n".join(_lines(scenario, trial)), flush=True)
            measured.append(scenario.told(trial))
            broken += [] if trial.holds else [scenario.name]
    if options.json:
        write(options.json, measured, [each.name for each in SCENARIOS])
    if broken:
        sys.exit(f"Not kept: {', '.join(broken)}")


def _run(scenario: Scenario, *, quick: bool) -> Trial:
    trial = Trial(quick)
    if why := missing(scenario):
        trial.check("the scenario", "is run", why, holds=False)
        return trial
    try:
        scenario.run(trial)
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__}: {error}"
        trial.check("the scenario", "runs to its end", why, holds=False)
    return trial


def _lines(scenario: Scenario, trial: Trial) -> Iterator[str]:
    """Say what came of a scenario."""
    kept = "holds" if trial.holds else "DOES NOT HOLD"
    yield f"{scenario.name:30}{kept}  {scenario.fault}"
    for check in trial.checks:
        others = [
            f"{name} {value}"
            for name, value in (("bare", check.bare), ("own", check.own))
            if value
        ]
        beside = f" ({', '.join(others)})" if others else ""
        kept = "" if check.holds else "DOES NOT HOLD: "
        seen = f"{check.what}: {check.ours}{beside}"
        promised = f"promised: {check.promised}" if check.promised else "not a promise"
        yield f"    {kept}{seen}; {promised}"


def _is_wanted(scenario: Scenario, options: argparse.Namespace) -> bool:
    if options.quick and not scenario.quick:
        return False
    return not options.names or any(_named(scenario, name) for name in options.names)


def _named(scenario: Scenario, name: str) -> bool:
    return f"{scenario.name}/".startswith(f"{name.rstrip('/')}/")


if __name__ == "__main__":
    main()
