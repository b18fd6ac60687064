"""The commands of this package: `python -m faststream_otel doctor app:app`."""

from __future__ import annotations

import argparse
import sys


def main() -> int:
    """Run a command; gives the exit status."""
    from faststream_otel.doctor import _command  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog="faststream-otel", description="OpenTelemetry for FastStream."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    doctor = commands.add_parser(
        "doctor",
        help="find out why a service's telemetry does not show what it should",
    )
    _command.add_arguments(doctor)
    arguments, more = parser.parse_known_args()
    return _command.run(arguments, more)


if __name__ == "__main__":
    sys.exit(main())
