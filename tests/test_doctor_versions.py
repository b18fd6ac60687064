"""Versions that do not go together: each pair alone, and mended."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest

from faststream_otel.doctor import _versions
from tests.examined import facts, found, service

RANGES = {"faststream": ">=0.7.6,<0.8", "opentelemetry-api": ">=1.40"}
WELL = {
    "faststream": "0.7.8",
    "opentelemetry-api": "1.45.1",
    "opentelemetry-sdk": "1.45.1",
    "opentelemetry-exporter-otlp-proto-http": "1.45.1",
    "opentelemetry-instrumentation": "0.66b1",
    "opentelemetry-instrumentation-redis": "0.66b1",
    "opentelemetry-semantic-conventions": "0.66b1",
}


def outcome(**changes: str) -> str:
    """Give the codes of what is found when some versions are others."""
    there = WELL | {name.replace("_", "-"): each for name, each in changes.items()}
    return ", ".join(each.code for each in _versions.examine(there, RANGES))


def test_what_goes_together() -> None:
    """Nothing is found; nor in the environment of the tests."""
    assert not outcome()
    assert not found(_versions, service())
    told = facts(_versions, service())
    assert {"Python", "faststream", "faststream-otel", "opentelemetry-sdk"} <= set(told)


def test_what_is_supported() -> None:
    """As the package says itself."""
    assert list(_versions.supported()) == list(RANGES)
    assert all(each.startswith(">=") for each in _versions.supported().values())


def test_it_may_not_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when it is run from its sources: then nothing is said of others."""

    def requires(name: str) -> list[str]:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(_versions, "requires", requires)
    assert _versions.supported() == {}


@pytest.mark.parametrize("missing", ["opentelemetry-sdk", "faststream"])
def test_without_one_of_them(missing: str) -> None:
    """What is not there is not wrong; the rest still has to go together."""
    there = {name: version for name, version in WELL.items() if name != missing}
    assert not list(_versions.examine(there, RANGES))
    there["opentelemetry-instrumentation"] = "0.65b0"
    (finding,) = _versions.examine(there, RANGES)
    assert finding.code == "FSO703"


def test_api_and_sdk() -> None:
    """They are one in two packages."""
    assert outcome(opentelemetry_sdk="1.44.0") == "FSO701"
    assert outcome(opentelemetry_sdk="1.45.0") == "FSO701"


@pytest.mark.parametrize(
    ("name", "version", "code"),
    [
        ("faststream", "0.7.5", "FSO702"),
        ("faststream", "0.8.0", "FSO702"),
        ("faststream", "0.7.6", ""),
        ("faststream", "0.7.10rc1", ""),
    ],
)
def test_supported_versions(name: str, version: str, code: str) -> None:
    """Of what this package is made for."""
    assert outcome(**{name: version}) == code


def test_an_old_api() -> None:
    """With all that goes with it."""
    betas = ("instrumentation", "instrumentation-redis", "semantic-conventions")
    old = {f"opentelemetry-{name}": "0.60b0" for name in betas}
    old |= {
        name: "1.39.0"
        for name in WELL
        if name.startswith("opentelemetry") and name not in old
    }
    assert outcome(**old) == "FSO702"


@pytest.mark.parametrize(
    ("name", "version", "code"),
    [
        ("opentelemetry-exporter-otlp-proto-http", "1.44.0", "FSO703"),
        ("opentelemetry-instrumentation-redis", "0.65b0", "FSO703"),
        ("opentelemetry-semantic-conventions", "0.67b0", "FSO703"),
        ("opentelemetry-exporter-prometheus", "0.66b1", ""),
        # Of other people's.
        ("opentelemetry-instrumentation-openai", "0.40.1", ""),
        ("opentelemetry-exporter-gcp-trace", "1.9.0", ""),
        ("opentelemetry-semantic-conventions-ai", "0.4.1", ""),
        ("opentelemetry-propagator-b3", "1.40.0", ""),
    ],
)
def test_releases(name: str, version: str, code: str) -> None:
    """What is released together is installed together."""
    there = WELL | {name: version}
    findings = list(_versions.examine(there, RANGES))
    assert ", ".join(each.code for each in findings) == code
    if code:
        assert f"{name} {version}" in findings[0].seen
        assert name in findings[0].remedy


def test_abandoned() -> None:
    """An exporter that nobody develops."""
    assert outcome(opentelemetry_exporter_jaeger="1.21.0") == "FSO704"
