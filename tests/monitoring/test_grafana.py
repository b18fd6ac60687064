"""Grafana's files: what it shows, where it asks, and how one leads to another.

Grafana itself cannot be had here. What its models know of a dashboard is in
test_grafana_models.py; here is what they leave open: names, limits, links, answers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from guide.shop import EXAMPLE
from tests.monitoring.queries import ALERTS, DASHBOARD, SOURCES, dashboard, queries
from tests.monitoring.test_configurations import accepted, compose, load

if TYPE_CHECKING:
    from pathlib import Path

PROVISIONED = EXAMPLE / "grafana" / "provisioning"
PANELS: dict[str, Any] = {
    each["title"]: each for each in dashboard()["panels"] if each["type"] != "row"
}


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


def test_variables_reach_grafana() -> None:
    """A single `$` in a provisioned file is one of the environment, and empty there."""
    for file in PROVISIONED.rglob("*.yaml"):
        assert "$" not in file.read_text().replace("$$", "")


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
        # In one minute of Prometheus 3 there is only one of a series of minutes.
        "interval": "15s",
        "input_series": [{"series": f"{metric}{{{own}{labels}}}", "values": "0+15x40"}],
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


def test_columns_have_the_names_that_are_used() -> None:
    """A column is a label of the query or its value, and is known by the name given."""
    for title in ("Handlers", "Alerts"):
        panel = PANELS[title]
        (labels,) = {
            re.findall(r"sum by \(([^)]+?)(?:, le)?\)", target["expr"])[0]
            for target in panel["targets"]
        }
        refs = [f" #{each['refId']}" for each in panel["targets"]]
        values = [f"Value{ref}" for ref in refs] if len(refs) > 1 else ["Value"]
        organized = panel["transformations"][-1]
        assert organized["id"] == "organize"
        named = organized["options"]["renameByName"]
        left_out = organized["options"]["excludeByName"]
        assert {*named, *left_out} == {"Time", *values, *labels.split(", ")}
        used = {
            each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]
        }
        for each in panel.get("options", {}).get("sortBy", ()):
            used.add(each["displayName"])
        assert used <= set(named.values())
        assert ["merge"] * (len(refs) > 1) == [
            each["id"] for each in panel["transformations"][:-1]
        ]


def test_empty_cells_say_nothing() -> None:
    """What a table says when it is empty it says in each empty cell as well."""
    for panel in PANELS.values():
        config = panel.get("fieldConfig", {"defaults": {}})
        if panel["type"] == "table" and "noValue" in config["defaults"]:
            own = {
                each["matcher"]["options"]
                for each in config["overrides"]
                for set_ in each["properties"]
                if set_["id"] == "noValue"
            }
            named = panel["transformations"][-1]["options"]["renameByName"].values()
            # Prometheus gives each alert these.
            assert set(named) - own == {"Alert", "State"}, panel["title"]


def test_links_lead_somewhere() -> None:
    """To this dashboard with one of its variables, or to a port that is published."""
    links = re.findall(r'"url": "([^"]+)"', DASHBOARD.read_text())
    ports = {
        port.rpartition(":")[0]
        for service in compose()["services"].values()
        for port in service.get("ports", ())
    }
    variables = {each["name"] for each in dashboard()["templating"]["list"]}
    assert len(links) == 2
    for link in links:
        inside = re.match(r"/d/(\w+)\?var-(\w+)=", link)
        if inside:
            assert inside[1] == dashboard()["uid"]
            assert inside[2] in variables
        else:
            assert link.removeprefix("http://").partition("/")[0] in ports


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
    table = page.partition("## What to look at")[2].partition("\n\nYou can filter")[0]
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
