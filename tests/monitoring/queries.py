"""What the dashboard, the alerts and the data sources of the full example ask."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from guide.shop import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

DASHBOARD = EXAMPLE / "grafana" / "dashboards" / "shop.json"
ALERTS = EXAMPLE / "prometheus" / "alerts.yaml"
SOURCES = EXAMPLE / "grafana" / "provisioning" / "datasources" / "datasources.yaml"

# What Grafana puts in place of its own variables.
VARIABLES = {
    "$__rate_interval": "1m",
    "$__range": "5m",
}
# What a span of a handler has, of what leads from it to its metrics.
SPAN = {"service.name": "trade", "messaging.destination.name": "orders"}
SECONDS = ("server_seconds_sum", "server_seconds_bucket")


@dataclass(frozen=True)
class Query:
    """A query in the language of the data source that is asked."""

    where: str
    source: str
    text: str

    def __str__(self) -> str:
        return self.where


def dashboard() -> Any:
    """The dashboard, as Grafana reads it."""
    return json.loads(DASHBOARD.read_text())


def queries() -> list[Query]:
    """All of them, with Grafana's variables filled in."""
    found = [*_of_panels(), *_of_variables(), *_of_alerts(), *_of_sources()]
    return [Query(each.where, each.source, filled(each.text)) for each in found]


def filled(text: str) -> str:
    """Put values for variables; one that is unknown is an error."""
    all_of_them = {
        f"${each['name']}": each["allValue"]
        for each in dashboard()["templating"]["list"]
    }
    for variable, value in {**VARIABLES, **all_of_them}.items():
        text = text.replace(variable, value)
    assert "$" not in text, text
    return text


def _of_panels() -> Iterator[Query]:
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            text = target.get("expr") or target.get("query")
            where = f"{panel['title']} {target['refId']}"
            if text:
                yield Query(where, target["datasource"]["type"], text)
            else:
                assert target["queryType"] == "serviceMap"
                # Grafana makes them itself, from these.
                for name in ("total", "failed_total", *SECONDS):
                    metric = f"traces_service_graph_request_{name}"
                    text = f"sum by (client, server) (rate({metric}[$__range]))"
                    yield Query(f"{where}, {name}", "prometheus", text)


def _of_variables() -> Iterator[Query]:
    for variable in dashboard()["templating"]["list"]:
        query = variable["query"]["query"]
        values = re.fullmatch(r"label_values\((\w+), (\w+)\)", query)
        assert values, query
        text = f'count by ({values[2]}) ({values[1]}{{{values[2]}!=""}})'
        yield Query(f"variable {variable['name']}", "prometheus", text)


def _of_alerts() -> Iterator[Query]:
    """Without what they compare with: an alert that has no reason has no data."""
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            text = re.sub(r"(> [\d.]+|unless)[^>]*(> 0)?\s*$", "", rule["expr"])
            yield Query(f"alert {rule['alert']}", "prometheus", text)


def _of_sources() -> Iterator[Query]:
    to_metrics = settings("tempo")["tracesToMetrics"]
    tags = [f'{tag["value"]}="{SPAN[tag["key"]]}"' for tag in to_metrics["tags"]]
    for query in to_metrics["queries"]:
        text = query["query"].replace("$$__tags", ",".join(tags))
        yield Query(f"traces to {query['name']}", "prometheus", text)


def settings(source: str) -> Any:
    """What is set of a data source."""
    sources = yaml.safe_load(SOURCES.read_text())["datasources"]
    (found,) = (each["jsonData"] for each in sources if each["uid"] == source)
    return found


def lines_of(trace_id: str) -> str:
    """The query that leads from a trace to its log lines."""
    query: str = settings("tempo")["tracesToLogsV2"]["query"]
    return query.replace("$${__trace.traceId}", trace_id)


def trace_of(line: dict[str, str]) -> str:
    """The id that leads from a log line to its trace."""
    (field,) = settings("loki")["derivedFields"]
    assert field["matcherType"] == "label"
    return line[field["matcherRegex"]]


def trace_of_exemplar(labels: dict[str, str]) -> str:
    """The id that leads from a measurement to its trace."""
    (to,) = settings("prometheus")["exemplarTraceIdDestinations"]
    return labels[to["name"]]
