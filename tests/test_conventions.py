"""Our names are those of OpenTelemetry's newest conventions."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import pytest
from opentelemetry.semconv import _incubating, attributes, schemas
from opentelemetry.semconv._incubating.metrics import messaging_metrics

from faststream_otel import _conventions

if TYPE_CHECKING:
    from types import ModuleType

CONSTANTS = {
    name: value
    for name, value in vars(_conventions).items()
    if name.isupper()
    and isinstance(value, str)
    and name not in {"SCHEMA_URL", "SCOPE_NAME", "HEADER_PREFIX"}
}


def registered() -> set[str]:
    """Every attribute of the registry, stable or not, that is not deprecated."""
    names: set[str] = set()
    incubating: ModuleType = importlib.import_module(
        f"{_incubating.__name__}.attributes"
    )
    names.update(v for v in vars(messaging_metrics).values() if isinstance(v, str))
    for package in (attributes, incubating):
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            names.update(
                value for value in vars(module).values() if isinstance(value, str)
            )
    return names


@pytest.mark.parametrize("name", CONSTANTS)
def test_attributes_are_registered(name: str) -> None:
    """Except for ours, which say so by their first word."""
    value = CONSTANTS[name]
    assert value in registered() or value.startswith("faststream.")
    own = name.startswith(("FASTSTREAM", "METRIC_QUEUE"))
    assert own == value.startswith("faststream.")


def test_schema_is_the_newest() -> None:
    """A newer release of the conventions is to be read, and then followed."""
    newest = list(schemas.Schemas)[-1]
    assert newest.value == _conventions.SCHEMA_URL
