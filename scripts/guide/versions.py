"""The reference page of supported versions, from what the package itself declares."""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib.metadata import requires
from typing import Final

from packaging.requirements import Requirement

from guide.conventions import VERSION
from guide.places import ROOT, TABS

if sys.version_info >= (3, 11):
    import tomllib

HEAD: Final = """\
---
description: The versions of Python, FastStream, OpenTelemetry and the broker clients that this package supports.
---

<!-- Written by scripts/update. To change it, change pyproject.toml or scripts/guide/versions.py. -->

# Supported versions

Every change is tested with the versions under "oldest tested" and "newest tested".
The versions between them are supported too.
"""

END: Final = f"""\
FastStream sets the limits for the clients.
The package is tested from Python 3.10 on; building the guide needs 3.11.

## OpenTelemetry's parts go together

`opentelemetry-distro` and the instrumentations of OpenTelemetry each require one particular version of the API.
If you install them, the API, the SDK and the exporters must have that version too: pip refuses a newer SDK, or installs an older one.

## Conventions

Names follow OpenTelemetry's semantic conventions {VERSION}.
The conventions for messaging are not stable yet: a later version may rename spans, metrics and attributes.
This package then changes with them, and its [changelog](changelog.md) says so.
"""

CLIENTS: Final = {
    "kafka": "aiokafka",
    "confluent": "confluent-kafka",
    "rabbit": "aio-pika",
    "nats": "nats-py",
    "redis": "redis",
    "mqtt": "zmqtt",
}

# Of the package itself; `opentelemetry-sdk` is not required, and goes with the API.
OWN: Final = (
    "faststream",
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation",
)


@cache
def project() -> dict[str, object]:
    """Give what `pyproject.toml` says of the package."""
    declared: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text())[
        "project"
    ]
    return declared


def pins(file: str) -> dict[str, str]:
    """Give the version that a file pins, the newest where Pythons differ."""
    lines = (ROOT / file).read_text().splitlines()
    found = [re.match(r"([\w.-]+)==([\w.]+)", line) for line in lines]
    return {each[1].lower(): each[2] for each in found if each}


def declared(package: str, name: str) -> str:
    """Give the versions that a package requires of another."""
    ranges = [
        since(str(each.marker)) + in_words(str(each.specifier))
        for each in map(Requirement, requires(package) or ())
        if each.name == name and each.specifier
    ]
    return "; ".join(dict.fromkeys(ranges)) if ranges else "as the API"


def since(marker: str) -> str:
    """Say from which Python on a range holds, if not from the oldest."""
    found = re.search(r'python_full_version >= "([\d.]+)"', marker)
    return f"from Python {found[1]} on " if found else ""


def in_words(specifier: str) -> str:
    """Write a range of versions, from the oldest to the newest."""
    parts = sorted(specifier.split(","), key=lambda part: "><!=".index(part[0]))
    return ", ".join(parts)


def page() -> str:
    """Write the page."""
    newest, oldest = pins("constraints.txt"), pins(".ci/oldest.txt")
    rows = [
        f"| `{name}` | {declared('faststream-otel', name)} "
        f"| {oldest.get(name, 'not tested')} | {newest[name]} |"
        for name in OWN
    ]
    clients = [
        f"| {label} | `{CLIENTS[broker]}` | {declared('faststream', CLIENTS[broker])} "
        f"| {newest[CLIENTS[broker]]} |"
        for label, broker in TABS.items()
    ]
    return "\n".join(
        [
            HEAD,
            f"Python {pythons()}.\n",
            "| Package | Supported | Oldest tested | Newest tested |",
            "|---|---|---|---|",
            *rows,
            "",
            "## Clients\n",
            "| Broker | Client | FastStream requires | Newest tested |",
            "|---|---|---|---|",
            *clients,
            "",
            END,
        ]
    )


def pythons() -> str:
    """Name the versions of Python that the package says it is for."""
    classifiers = project()["classifiers"]
    assert isinstance(classifiers, list)
    names = [each.rpartition(" ")[2] for each in classifiers if "Python :: 3" in each]
    assert project()["requires-python"] == f">={names[0]}"
    return f"{', '.join(names[:-1])} and {names[-1]}"
