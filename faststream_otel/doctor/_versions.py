"""Checks of versions: what is installed, and whether it goes together."""

from __future__ import annotations

import re
import sys
from collections import Counter
from functools import cache
from importlib.metadata import PackageNotFoundError, distributions, requires
from typing import TYPE_CHECKING, Final

from faststream_otel.doctor._finding import Fact, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from faststream_otel.doctor._service import Service

API_AND_SDK: Final = Rule(
    code="FSO701",
    kind="error",
    title="opentelemetry-sdk {sdk} does not work with opentelemetry-api {api}.",
    why="The SDK uses private parts of the API, and needs exactly the same version.",
    remedy="pip install opentelemetry-api=={sdk} opentelemetry-sdk=={sdk}",
)
TOO_OLD: Final = Rule(
    code="FSO702",
    kind="error",
    title="{name} {version} is not a version that faststream-otel supports: {range}.",
    why="This version has not been tested, and some features do not work with it.",
    remedy='pip install "{name}{range}"',
)
MIXED: Final = Rule(
    code="FSO703",
    kind="warning",
    title="Packages of OpenTelemetry are from different releases.",
    why="They are released together, for example as 1.45 and 0.66b, and use each "
    "other's private parts.",
    remedy="pip install --upgrade {names}, or run pip check to see which package "
    "holds one back.",
)
ABANDONED: Final = Rule(
    code="FSO704",
    kind="warning",
    title="{name} is no longer developed.",
    why="Its last release is older than the oldest SDK that is supported.",
    remedy="{instead}, in its place.",
)

# Those that are released together. Instrumentations are known by their betas.
_TOGETHER: Final = re.compile(
    r"opentelemetry-(api|sdk|proto|configuration|distro|semantic-conventions|util-http"
    r"|instrumentation(-[a-z0-9-]+)?"
    r"|exporter-(otlp(-.+)?|prometheus|zipkin(-.+)?|http-transport))"
)
# 0.66b goes with 1.45.
_BETAS: Final = 21
_VERSION: Final = re.compile(r"(0|1)\.(\d+)(b?)")
_ABANDONED: Final = {
    "opentelemetry-exporter-jaeger": "opentelemetry-exporter-otlp",
    "opentelemetry-exporter-opencensus": "opentelemetry-exporter-otlp",
}
_OURS: Final = ("faststream", "opentelemetry-api")


def check(service: Service) -> Iterator[Finding | Fact]:
    """Examine versions."""
    del service
    there = installed()
    yield from examine(there, supported())
    yield Fact("Python", sys.version.split()[0])
    for name in ("faststream-otel", "faststream", "opentelemetry-sdk"):
        if name in there:
            yield Fact(name, there[name])


@cache  # reading them all takes a tenth of a second
def installed() -> Mapping[str, str]:
    """Give the version of each package that is installed."""
    found = (each.metadata for each in distributions())
    return {
        each["Name"].lower().replace("_", "-"): each["Version"]
        for each in found
        if each["Name"]
    }


def supported() -> dict[str, str]:
    """Give what this package says of its own requirements: `>=0.7.6,<0.8`."""
    found = {}
    try:
        lines = requires("faststream-otel") or []
    except PackageNotFoundError:  # run from its sources
        return {}
    for line in lines:
        match = re.fullmatch(r"([a-z-]+)([<>=!~][^;]*)", line.replace(" ", ""))
        if match and match[1] in _OURS:
            # The newest that is allowed stands first in what is built.
            found[match[1]] = ",".join(sorted(match[2].split(","), reverse=True))
    return found


def examine(there: Mapping[str, str], ranges: Mapping[str, str]) -> Iterator[Finding]:
    """Find what does not go together.

    Args:
        there: The version of each package.
        ranges: Which versions are supported, by package.
    """
    api, sdk = there.get("opentelemetry-api"), there.get("opentelemetry-sdk")
    if api and sdk and api != sdk:
        yield API_AND_SDK.found(
            f"opentelemetry-api {api}, opentelemetry-sdk {sdk}.", api=api, sdk=sdk
        )
    for name, allowed in ranges.items():
        if name in there and not _is_in(there[name], allowed):
            yield TOO_OLD.found(
                f"{name} {there[name]} is installed.",
                name=name,
                version=there[name],
                range=allowed,
            )
    if not api or api == sdk or not sdk:
        yield from _mixed(there)
    for name, instead in _ABANDONED.items():
        if name in there:
            yield ABANDONED.found(
                f"{name} {there[name]} is installed.", name=name, instead=instead
            )


def _mixed(there: Mapping[str, str]) -> Iterator[Finding]:
    releases = {
        name: release
        for name, version in there.items()
        if _TOGETHER.fullmatch(name) and (release := _release(version)) is not None
    }
    if len(set(releases.values())) < 2:  # noqa: PLR2004 - one is together
        return
    core = there.get("opentelemetry-sdk") or there.get("opentelemetry-api") or ""
    usual = _release(core) or Counter(releases.values()).most_common(1)[0][0]
    others = {name for name, release in releases.items() if release != usual}
    listed = ", ".join(f"{name} {there[name]}" for name in sorted(others))
    yield MIXED.found(
        f"{listed}; the rest is of 1.{usual} and 0.{usual + _BETAS}b.",
        names=" ".join(sorted(others)),
    )


def _release(version: str) -> int | None:
    """Give the number of a release: 45 for 1.45.1 and for 0.66b1."""
    match = _VERSION.match(version)
    if match is None or (match[1] == "0") != bool(match[3]):
        return None
    return int(match[2]) - (_BETAS if match[3] else 0)


def _is_in(version: str, allowed: str) -> bool:
    """Whether a version is in a range such as `>=0.7.6,<0.8`."""
    number = _numbers(version)
    for each in allowed.split(","):
        sign, bound = re.match(r"([<>=!~]+)(.*)", each).groups()  # type: ignore[union-attr]
        if sign == ">=" and number < _numbers(bound):
            return False
        if sign == "<" and number >= _numbers(bound):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", version)[:3])
