"""What was measured, as a file: the guide's page shows it."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path
from platform import machine, python_version
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# What the guide shows.
MEASURED: Final = Path(__file__).with_name("measured.json")
_PACKAGES: Final = ("faststream", "opentelemetry-api", "opentelemetry-sdk")


def write(path: Path, measured: list[dict[str, Any]], known: Iterable[str]) -> None:
    """Write what was measured, beside what another run wrote there.

    What was measured with other versions, or elsewhere, goes: figures that stand
    beside each other are of one kind.

    Args:
        path: The file.
        measured: The scenarios that were run.
        known: The names of all scenarios, in their order.
    """
    described = {
        "python": python_version(),
        "machine": f"{machine()}, {os.cpu_count()} cores",
        "versions": {name: version(name) for name in _PACKAGES},
    }
    before = json.loads(path.read_text()) if path.exists() else {}
    found = before.pop("scenarios", []) if before else []
    of = {each["name"]: each for each in found} if before == described else {}
    of |= {each["name"]: each for each in measured}
    scenarios = [of[name] for name in known if name in of]
    text = json.dumps({**described, "scenarios": scenarios}, indent=1)
    path.write_text(f"{text}\n")
