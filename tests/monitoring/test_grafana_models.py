"""Grafana's own models know each field of the dashboard, and would not know others."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from tests.monitoring.queries import dashboard

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def objections() -> Callable[[Any], list[str]]:
    """What Grafana's models object to."""
    reason = "Grafana's models need Python 3.11"
    pytest.importorskip("grafana_foundation_sdk", reason=reason)
    from tests.monitoring.grafana import objections

    return objections


def test_dashboard_is_understood(objections: Callable[[Any], list[str]]) -> None:
    """Grafana knows each field, and each value is one that the field can have."""
    assert objections(dashboard()) == []


WRONG = {
    "an option": (
        "Sent a second: options: legend: position",
        "bottom",
        ".options.legend.position: no such field",
    ),
    "the value of an option": (
        "Sent a second: options: legend: placement",
        "top",
        ".options.legend.placement: 'top' is not one of ['bottom', 'right']",
    ),
    "an option of a series": (
        "Sent a second: fieldConfig: defaults: custom: fillOpaqueness",
        10,
        ".fieldConfig.defaults.custom.fillOpaqueness: no such field",
    ),
    "a number": (
        "Sent a second: fieldConfig: defaults: custom: fillOpacity",
        "10",
        ".fieldConfig.defaults.custom.fillOpacity: '10' is not float",
    ),
    "a unit": (
        "Sent a second: fieldConfig: defaults: unit",
        "messages",
        ".fieldConfig.defaults.unit: 'messages' is no unit",
    ),
    "an override": (
        "Handlers: fieldConfig: overrides: 0: properties: 0: id",
        "unti",
        ", of 'p99'.fieldConfig.defaults.unti: no such field",
    ),
    "the value of an override": (
        "Handlers: fieldConfig: overrides: 0: properties: 0: value",
        "seconds",
        ", of 'p99'.fieldConfig.defaults.unit: 'seconds' is no unit",
    ),
    "a kind of cell": (
        "Alerts: fieldConfig: overrides: 0: properties: 0: value: type",
        "coloured",
        ", of 'State': no model for 'coloured'",
    ),
    "a panel": ("Handlers: type", "grid", ".type: 'grid' is no panel"),
    "a query of Prometheus": (
        "Handlers: targets: 0: shape",
        "table",
        ".targets[0].shape: no such field",
    ),
    "a format": (
        "Handlers: targets: 0: format",
        "grid",
        ".targets[0].format: 'grid' is not one of ['time_series', 'table', 'heatmap']",
    ),
    "a query of Tempo": (
        "Traces that failed: targets: 0: tableKind",
        "traces",
        ".targets[0].tableKind: no such field",
    ),
    "a kind of query": (
        "Traces that failed: targets: 0: queryType",
        "traceQL",
        ".targets[0].queryType: 'traceQL' is not one of",
    ),
    "a query of Loki": (
        "Warnings and errors: targets: 0: expression",
        "{}",
        ".targets[0].expression: no such field",
    ),
    "an order": (
        "Warnings and errors: options: sortOrder",
        "descending",
        ".options.sortOrder: 'descending' is not one of ['Descending', 'Ascending']",
    ),
    "a transformation": (
        "Handlers: transformations: 0: option",
        {},
        ".transformations[0].option: no such field",
    ),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_mistake_is_found(
    case: tuple[str, Any, str], objections: Callable[[Any], list[str]]
) -> None:
    """What is misspelt, misplaced or of another type is named with its path."""
    place, value, objection = case
    wrong = deepcopy(dashboard())
    title, *path, last = place.split(": ")
    (number,) = (
        number for number, each in enumerate(wrong["panels"]) if each["title"] == title
    )
    part = wrong["panels"][number]
    for name in path:
        part = part[int(name) if isinstance(part, list) else name]
    part[last] = value
    assert any(
        each.startswith(f"dashboard.panels[{number}]{objection}")
        for each in objections(wrong)
    ), objections(wrong)
