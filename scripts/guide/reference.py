"""Writes what of the guide comes from the code: pages of the reference, and tables.

python -m guide.reference update
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from guide import (
    attributes,
    cost,
    findings,
    metrics,
    moving,
    options,
    promises,
    spans,
    versions,
)
from guide.places import DOCS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REFERENCE = DOCS / "reference"
TABLES = DOCS / "tables"

WRITTEN: Final[dict[Path, Callable[[], str]]] = {
    attributes.PAGE: attributes.page,
    REFERENCE / "doctor.md": findings.page,
    REFERENCE / "metrics.md": metrics.page,
    REFERENCE / "options.md": options.page,
    REFERENCE / "spans.md": spans.page,
    REFERENCE / "versions.md": versions.page,
    TABLES / "cost.md": cost.table,
    TABLES / "cost.svg": cost.chart,
    TABLES / "cost_limits.md": cost.limits,
    TABLES / "cost_memory.md": cost.memory,
    TABLES / "cost_savings.md": cost.savings,
    TABLES / "cost_scale.md": cost.scale,
    TABLES / "cost_versions.md": cost.made_with,
    TABLES / "moved_attributes.md": moving.attributes_table,
    TABLES / "moved_metrics.md": moving.metrics_table,
    TABLES / "promises.md": promises.table,
    TABLES / "promises_faults.md": promises.faults,
    TABLES / "promises_kept.md": promises.kept,
    TABLES / "promises_versions.md": promises.made_with,
}


def main() -> None:
    """Write all of them anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["update"])
    parser.parse_args()
    for path, write in WRITTEN.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(write())
        print(f"wrote {path.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
