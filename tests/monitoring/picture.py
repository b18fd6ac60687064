"""Draws the trace of an order, as the page of the full example shows it.

python -m tests.monitoring.picture update
"""

from __future__ import annotations

import argparse
from pathlib import Path

from faststream_otel.testing import draw
from tests.monitoring.shop import place

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "traces" / "monitoring" / "order.svg"


def drawn() -> str:
    """The picture of an order that goes well, on RabbitMQ."""
    return draw(place("rabbit").trace, title="Trace of an order, on RabbitMQ")


def main() -> None:
    """Draw it anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update", help="write docs/traces/monitoring")
    parser.parse_args()
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawn())
    print(f"drew {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
