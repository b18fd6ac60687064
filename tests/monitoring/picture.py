"""Draws the trace of an order with each broker, for the page of the full example.

python -m tests.monitoring.picture update
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.docs.figures import figure
from tests.monitoring.shop import BROKERS, place

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "traces" / "monitoring" / "shop" / "brokers"


def drawn(broker: str) -> dict[Path, str]:
    """The picture of an order that goes well, its spans in tables, and as a tree."""
    picture = PICTURES / f"{broker}.svg"
    program = picture.relative_to(PICTURES.parents[2]).with_suffix(".py")
    return figure(place(broker).trace, picture, title=f"Trace of {program}")


def main() -> None:
    """Draw them anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update", help="write docs/traces/monitoring")
    parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    for broker in BROKERS:
        for path, text in drawn(broker).items():
            path.write_text(text)
        print(f"drew the trace of an order, {broker}")


if __name__ == "__main__":
    main()
