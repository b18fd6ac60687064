"""The registry for OpenTelemetry's Weaver says all that is recorded, and no more."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
import yaml

from faststream_otel import __version__, _conventions, _exceptions
from tests.test_conventions import CONSTANTS

REGISTRY = files("faststream_otel") / "registry"
METRICS = {v for k, v in CONSTANTS.items() if k.startswith("METRIC_")}
ATTRIBUTES = set(CONSTANTS.values()) - METRICS


def read(name: str) -> Any:
    """Read one of its files."""
    return yaml.safe_load((REGISTRY / name).read_text())


def entries(key: str) -> list[dict[str, Any]]:
    """Give the attributes that groups of attributes define, or refer to."""
    return [
        attribute
        for group in read("faststream.yaml")["groups"]
        if group["type"] == "attribute_group"
        for attribute in group["attributes"]
        if key in attribute
    ]


def test_it_defines_what_is_ours() -> None:
    """The attributes whose first word is ours, and captured headers."""
    ours = {name for name in ATTRIBUTES if name.startswith("faststream.")}
    headers = _conventions.HEADER_PREFIX.removesuffix(".")
    assert {each["id"] for each in entries("id")} == ours | {headers}


def test_it_refers_to_all_else() -> None:
    """Each attribute of OpenTelemetry's that is recorded, and no other."""
    theirs = {name for name in ATTRIBUTES if not name.startswith("faststream.")}
    assert {each["ref"] for each in entries("ref")} == theirs


def test_it_has_the_metrics() -> None:
    """Ours are defined, and those of the conventions are imported."""
    registry = read("faststream.yaml")
    defined = {group.get("metric_name") for group in registry["groups"]} - {None}
    ours = {name for name in METRICS if name.startswith("faststream.")}
    assert defined == ours
    assert registry["imports"]["metrics"] == ["messaging.*"]
    assert all(name.startswith("messaging.") for name in METRICS - ours)


def test_it_has_the_decisions() -> None:
    """Each one that a handler can raise."""
    (decision,) = (each for each in entries("id") if "members" in each["type"])
    names = [member["value"] for member in decision["type"]["members"]]
    assert names == [name for _, name in _exceptions._DECISIONS]


@pytest.mark.parametrize("part", ["schema_url", "registry_path"])
def test_it_is_of_the_conventions_version(part: str) -> None:
    """The one whose schema the spans say that they follow."""
    manifest = read("manifest.yaml")
    (dependency,) = manifest["dependencies"]
    version = _conventions.SCHEMA_URL.rpartition("/")[2]
    assert version in dependency[part]
    assert manifest["schema_url"].endswith(f"/{__version__}")
