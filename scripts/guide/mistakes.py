"""Writes what the middleware says of an option that makes no sense.

python -m guide.mistakes update
"""

from __future__ import annotations

import argparse
from typing import Any

from faststream_otel.nats import NatsTelemetryMiddleware
from guide.places import PROGRAMS, ROOT

OUTPUT = PROGRAMS / "output" / "bad_option.txt"
MISTAKES: tuple[dict[str, Any], ...] = (
    {"incoming": "parent"},
    {"capture_headers": "tenant"},
    {"exclude": "health*"},
    {"consume_hook": "add_customer"},
    {"settle_spans": "yes"},
)


def said() -> str:
    """The error of each mistake, as the last line of a traceback has it."""
    return "".join(map(refusal, MISTAKES))


def refusal(mistake: dict[str, Any]) -> str:
    """The error of one mistake."""
    try:
        NatsTelemetryMiddleware(**mistake)
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}\n"
    raise RuntimeError(f"{mistake} is taken")


def main() -> None:
    """Write the file anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update", help="write what is said")
    parser.parse_args()
    OUTPUT.write_text(said())
    print(f"wrote {OUTPUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
