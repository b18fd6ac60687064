"""What a message costs: `scripts/bench --help` has the usage."""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Any

from cost import counting, scale, seconds
from cost.contenders import CONTENDERS, KINDS, MODES, OURS
from cost.goals import GOALS

if TYPE_CHECKING:
    from cost.counting import Counts


def main() -> None:
    """Count, or measure in seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--brokers", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--modes", nargs="+", default=list(MODES))
    parser.add_argument("--messages", type=int)
    parser.add_argument("--layouts", type=int, default=3)
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--compare", type=Path)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--write", action="store_const", dest="json", const=COUNTS)
    options = parser.parse_args()
    if not options.count:
        seconds.measure(options.rounds, options.messages or 2000)
        return
    if missing := counting.missing():
        parser.error(f"counting needs {' and '.join(missing)}: {counting.REMEDY}")
    if options.scale:
        _write(options.json, scale.measure(options.layouts))
        return
    modes = [_mode(name, parser) for name in options.modes]
    before = json.loads(options.compare.read_text()) if options.compare else {}
    counts = _count(options, modes, before.get("counts", {}))
    described = {
        "python": python_version(),
        "versions": {
            name: version(name)
            for name in ("faststream", "opentelemetry-api", "opentelemetry-sdk")
        },
        "messages": options.messages or _MESSAGES,
        "layouts": options.layouts,
        "counts": counts,
    }
    _write(options.json, described)


def _write(file: Path | None, found: dict[str, Any]) -> None:
    """Write what was found to a file, which keeps all else that it has."""
    if file is None:
        return
    kept = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**kept, **found}, indent=1) + "\n")


_MESSAGES = 20
# What the guide shows, and the tests hold the ratios against.
COUNTS = Path(__file__).with_name("counts.json")


def _mode(name: str, parser: argparse.ArgumentParser) -> str:
    """Give a mode by its name, in which a dash may stand for what is no letter."""
    named = {mode.replace(" + ", "-").replace(" ", "-"): mode for mode in MODES}
    if name not in {*MODES, *named}:
        parser.error(f"--modes: {name!r} is none of {', '.join(named)}")
    return named.get(name, name)


def _count(
    options: argparse.Namespace, modes: list[str], before: dict[str, Any]
) -> dict[str, dict[str, Counts]]:
    counts: dict[str, dict[str, Counts]] = {}

    def counted(broker: str) -> dict[str, Counts]:
        return counting.count(
            broker,
            modes,
            messages=options.messages or _MESSAGES,
            layouts=options.layouts,
        )

    print("Instructions a message over bare FastStream, publishing and handling it.")
    print(
        f"{'':10}{'':22}"
        + "".join(f"{name:>9}" for name in CONTENDERS)
        + f"{'of floor':>10}{'of own':>7}"
    )
    with ThreadPoolExecutor(options.jobs) as pool:
        for broker, found in zip(
            options.brokers, pool.map(counted, options.brokers), strict=True
        ):
            counts[broker] = found
            for mode, each in found.items():
                old = before.get(broker, {}).get(mode)
                print(_row(broker, mode, each, old), flush=True)
    return counts


def _row(broker: str, mode: str, counts: Counts, before: Counts | None) -> str:
    row = f"{broker:10}{mode:22}"
    row += "".join(f"{counts[name]:9,}" for name in CONTENDERS)
    for other, goal in zip(("floor", "own"), GOALS[mode], strict=True):
        ratio = counts[OURS] / counts[other]
        row += f"  {ratio:.2f}{' ' if ratio <= goal else '>'}{goal:.2f}"
    if before:
        change = counts[OURS] / before[OURS] - 1
        of_floor = before[OURS] / before["floor"]
        row += f"  was {before[OURS]:,} ({of_floor:.2f}): {change:+.1%}"
    return row


if __name__ == "__main__":
    main()
