"""Draws the trace of an order with each broker, for the page of the full example.

python -m guide.shop_picture update
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from guide.figures import figure
from guide.places import BROKERS, PICTURES
from guide.shop import place

if TYPE_CHECKING:
    from pathlib import Path

OF_ORDERS = PICTURES / "monitoring" / "shop" / "brokers"


def drawn(broker: str) -> dict[Path, str]:
    """The picture of an order that goes well, its spans in tables, and as a tree."""
    picture = OF_ORDERS / f"{broker}.svg"
    program = picture.relative_to(PICTURES).with_suffix(".py")
    return figure(place(broker).trace, picture, title=f"Trace of {program}")


def main() -> None:
    """Draw them anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update", help="write docs/traces/monitoring")
    parser.parse_args()
    OF_ORDERS.mkdir(parents=True, exist_ok=True)
    for broker in BROKERS:
        for path, text in drawn(broker).items():
            path.write_text(text)
        print(f"drew the trace of an order, {broker}")


if __name__ == "__main__":
    main()
