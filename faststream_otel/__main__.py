"""The commands of this package: `python -m faststream_otel doctor app:app`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Final, NoReturn

from faststream_otel.doctor import _command

if TYPE_CHECKING:
    from collections.abc import Sequence

# As shells have it: 128 and the number of the signal.
_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141


def parsed(words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Read the command line; gives apart what follows `--`."""
    parser = argparse.ArgumentParser(
        prog="faststream-otel", description="OpenTelemetry for FastStream."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    doctor = commands.add_parser(
        "doctor",
        allow_abbrev=False,
        help="find out why telemetry does not show what it should",
        description="Find out why telemetry does not show what it should.",
        epilog="Exit status: 0 if nothing is wrong, 1 if something is, 2 if the "
        "application could not be loaded. With --start, options that follow -- are "
        "handed to start-up hooks, as `faststream run` does.",
    )
    _command.add_arguments(doctor)
    end = words.index("--") if "--" in words else len(words)
    return parser.parse_args(words[:end]), [*words[end + 1 :]]


def main() -> NoReturn:
    """Run a command, and end the process."""
    arguments, more = parsed(sys.argv[1:])
    # What the application and its exporters print is no part of the report.
    out = os.fdopen(
        os.dup(1), "w", encoding=sys.stdout.encoding, errors="backslashreplace"
    )
    sys.stdout.flush()
    os.dup2(2, 1)
    said = ""
    try:
        status = _command.run(arguments, more, out)
        out.flush()
    except KeyboardInterrupt:
        said, status = "Interrupted.\n", _INTERRUPTED
    except BrokenPipeError:
        # Who reads has seen enough, as with `| head`.
        status = _BROKEN_PIPE
    except OSError as error:
        said = f"The report cannot be written: {error.strerror}.\n"
        status = os.EX_IOERR
    # What the application printed, which may still wait in a buffer, comes before that.
    sys.stdout.flush()
    sys.stderr.write(said)
    sys.stderr.flush()
    # Not sys.exit: providers would send what waits in their queues, for as long as
    # that takes, and the doctor is to send nothing but what it says.
    os._exit(status)


if __name__ == "__main__":
    main()
