"""Checks of a file `.env`, which nothing reads by itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from faststream_otel.doctor._finding import Fact, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel.doctor._service import Service

NOT_LOADED: Final = Rule(
    "FSO621",
    "note",
    "Variables of OpenTelemetry are in .env, but not in the environment.",
    "Python, FastStream and opentelemetry-instrument do not read .env. Docker Compose "
    "and some runners do.",
    "Load the file before the service starts: uv run --env-file .env, or in a shell: "
    "set -a; . ./.env",
)

_ASSIGNED: Final = re.compile(r"^\s*(?:export\s+)?(OTEL_\w+)\s*=", re.MULTILINE)


def check(service: Service) -> Iterator[Finding | Fact]:
    """Look for variables that stand in `.env` alone; their values are not read."""
    file = Path(".env")
    try:
        names = _ASSIGNED.findall(file.read_text(errors="replace"))
    except OSError:
        return
    missing = [name for name in names if name not in service.environment]
    if missing:
        yield NOT_LOADED.found(", ".join(dict.fromkeys(missing)), where=".env")
