"""Grafana's files: what it shows, where it asks, and how one leads to another.

Grafana itself cannot be had here. Its models know what a dashboard may say; what they
leave open is read from here: names of columns, limits, links.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.monitoring.queries import ALERTS, DASHBOARD, SOURCES, dashboard, queries
from tests.monitoring.shop import EXAMPLE
from tests.monitoring.test_configurations import accepted, compose, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROVISIONED = EXAMPLE / "grafana" / "provisioning"
PANELS: dict[str, Any] = {
    each["title"]: each for each in dashboard()["panels"] if each["type"] != "row"
}


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


def test_sources_are_there() -> None:
    """What panels and sources lead to is there, and asks a container that is there."""
    sources = {each["uid"]: each for each in load(SOURCES)["datasources"]}
    text = SOURCES.read_text() + DASHBOARD.read_text()
    assert set(re.findall(r'datasourceUid: (\w+)|"uid": "(?!shop)(\w+)"', text)) == {
        *((uid, "") for uid in sources),
        *(("", uid) for uid in sources),
    }
    containers = compose()["services"]
    for source in sources.values():
        assert re.split(r"[/:]+", source["url"])[1] in containers
    for title, panel in PANELS.items():
        for target in panel["targets"]:
            uid, kind = target["datasource"]["uid"], target["datasource"]["type"]
            assert sources[uid]["type"] == kind, title
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(ids) == len(set(ids))


def test_loki_is_told_where_to_look() -> None:
    """It refuses a selector that lines without the label would match, as `.*` does."""
    selectors = [
        query.text.partition("|")[0] for query in queries() if query.source == "loki"
    ]
    assert selectors
    for selector in selectors:
        labels = re.findall(r'\w+(=~?)"([^"]*)"', selector)
        assert any(
            not re.fullmatch(value if sign == "=~" else re.escape(value), "")
            for sign, value in labels
        ), selector


@pytest.mark.program("prometheus")
@pytest.mark.parametrize(
    ("name", "metric", "own", "labels", "value"),
    [
        (
            "Sent and not consumed A",
            "messaging_client_sent_messages_total",
            'job="order",',
            'messaging_destination_name="orders"',
            300,
        ),
        (
            "Share of messages that fail A",
            "messaging_process_duration_seconds_count",
            "",
            'job="trade",messaging_destination_name="orders"',
            0,
        ),
        (
            "Handlers B",
            "traces_span_metrics_calls_total",
            'status_code="STATUS_CODE_UNSET",',
            'service_name="trade",code_function_name="shop.trade.buy"',
            0,
        ),
    ],
)
def test_nothing_is_a_number(
    name: str, metric: str, own: str, labels: str, value: int, tmp_path: Path
) -> None:
    """Where nothing was consumed, or nothing failed, Prometheus has no series."""
    (query,) = (each for each in queries() if str(each) == name)
    case = {
        "interval": "1m",
        "input_series": [{"series": f"{metric}{{{own}{labels}}}", "values": "0+60x10"}],
        "promql_expr_test": [
            {
                "expr": query.text,
                "eval_time": "10m",
                "exp_samples": [{"labels": f"{{{labels}}}", "value": value}],
            }
        ],
    }
    file = tmp_path / "case.yaml"
    file.write_text(yaml.safe_dump({"tests": [case]}))
    accepted("promtool", "test", "rules", str(file))


def test_lines_are_where_alerts_fire() -> None:
    """A panel says which alert its line is of, and asks for what that watches."""
    (group,) = load(ALERTS)["groups"]
    alerts = {rule["alert"]: rule["expr"] for rule in group["rules"]}
    drawn = set()
    for panel in PANELS.values():
        config = panel.get("fieldConfig", {"defaults": {}})["defaults"]
        if "thresholdsStyle" in config.get("custom", {}):
            (name,) = alerts.keys() & set(panel["description"].split())
            (metric,) = set(re.findall(r"\w+_(?:count|bucket)", alerts[name]))
            assert metric in panel["targets"][0]["expr"]
            _, line = config["thresholds"]["steps"]
            assert line["value"] == float(alerts[name].rpartition(">")[2])
            drawn.add(name)
    # A destination is silent or it is not.
    assert alerts.keys() - drawn == {"NothingIsConsumed"}


def test_page_names_the_panels() -> None:
    """The page says of each panel, under its title, what it answers."""
    page = (EXAMPLE.parents[1] / "docs" / "full-example.md").read_text()
    table = page.partition("## What to look at")[2].partition("\n\nThe panels")[0]
    named = [
        title
        for row in table.strip().splitlines()[2:]
        for title in row.split("|")[1].strip().split(", ")
    ]
    assert sorted(named) == sorted(PANELS)


def test_files_are_found() -> None:
    """Folders are where the containers have them."""
    (provider,) = load(PROVISIONED / "dashboards" / "dashboards.yaml")["providers"]
    grafana = compose()["services"]["grafana"]
    mounted = {each.split(":")[1] for each in grafana["volumes"]}
    assert provider["options"]["path"] in mounted
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/shop.json"
