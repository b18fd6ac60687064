"""The command `doctor`."""

from __future__ import annotations

import json
import math
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from faststream_otel._applications import brokers_of
from faststream_otel.doctor import _loading, _screen
from faststream_otel.doctor._diagnosis import examine
from faststream_otel.doctor._quiet import quiet
from faststream_otel.doctor._service import Asked
from faststream_otel.doctor._setters import watching

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import TextIO

WELL: Final = 0
WRONG: Final = 1
NOT_LOADED: Final = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "app", metavar="MODULE:APP", help="the application, as `faststream run` has it"
    )
    parser.add_argument(
        "--app-dir",
        default=os.environ.get("FASTSTREAM_APP_DIR", "."),
        metavar="DIRECTORY",
        help="where to look for the module (default: here)",
    )
    parser.add_argument(
        "-f", "--factory", action="store_true", help="APP is a function that makes it"
    )
    parser.add_argument(
        "--start",
        action="store_true",
        help="run start-up hooks and lifespan, on brokers in memory",
    )
    parser.add_argument("--offline", action="store_true", help="send nothing")
    parser.add_argument(
        "--server",
        default="",
        metavar="NAME",
        help="what runs the service, such as uvicorn",
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=3.0,
        metavar="SECONDS",
        help="how long to wait for an answer (default: 3)",
    )
    parser.add_argument("--json", action="store_true", help="print data, not text")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < math.inf:
        raise ValueError(text)
    return seconds


# What argparse calls it where it says that a value is none.
_seconds.__name__ = "number of seconds"


def run(arguments: argparse.Namespace, more: Sequence[str], out: TextIO) -> int:
    """Run the command.

    Args:
        arguments: Those of `add_arguments`.
        more: Other options, which FastStream hands to start-up hooks.
        out: Where to print the report.

    Returns:
        The exit status.
    """
    asked = Asked(
        offline=arguments.offline,
        server=arguments.server,
        timeout=arguments.timeout,
        start=arguments.start,
    )
    try:
        with quiet(), watching("import") as settings:
            application = _loading.load(
                arguments.app, app_dir=arguments.app_dir, factory=arguments.factory
            )
        _check(application)
        report = examine(application, settings, asked, **_options(more))
    except _loading.NotLoaded as refusal:
        print(f"{refusal.traceback()}{refusal}", file=sys.stderr)
        return NOT_LOADED
    if arguments.json:
        print(json.dumps(report.as_dict(), indent=2), file=out)
    else:
        _screen.show(report, out)
    return WELL if report.is_well else WRONG


def _check(application: Any) -> None:
    try:
        brokers_of(application, "the doctor")
    except TypeError as error:
        raise _loading.NotLoaded(f"The doctor {error}.") from None


def _options(words: Sequence[str]) -> dict[str, Any]:
    """Read options as FastStream does: `--name value`, `--name=value`, `--name`."""
    options: dict[str, Any] = {}
    name = ""
    for word in (part for each in words for part in each.split("=", 1)):
        if word.startswith("-"):
            name = word.lstrip("-").replace("-", "_")
            options[name] = True
        elif name:
            options[name] = word
    return options
