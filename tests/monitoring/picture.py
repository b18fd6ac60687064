"""Draws the trace of an order with each broker, for the page of the full example.

python -m tests.monitoring.picture update
"""

from __future__ import annotations

import argparse
from pathlib import Path

from faststream_otel.testing import draw
from tests.monitoring.shop import BROKERS, place

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "traces" / "monitoring" / "shop" / "brokers"


def drawn(broker: str) -> str:
    """The picture of an order that goes well."""
    return draw(place(broker).trace, title=f"Trace of an order, {broker}.py")


def main() -> None:
    """Draw them anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update", help="write docs/traces/monitoring")
    parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    for broker in BROKERS:
        picture = PICTURES / f"{broker}.svg"
        picture.write_text(drawn(broker))
        print(f"drew {picture.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
