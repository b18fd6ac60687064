"""Prometheus answers what the dashboard and the alerts ask, after some orders."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from math import isnan
from typing import TYPE_CHECKING

import pytest

from servers import monitoring
from tests.monitoring import real
from tests.monitoring.queries import Query, queries
from tests.monitoring.real import prometheus, until
from tests.monitoring.shop import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMQL = [query for query in queries() if query.source == "prometheus"]

pytestmark = [
    pytest.mark.broker("rabbit"),
    pytest.mark.program("collector"),
    pytest.mark.program("prometheus"),
    pytest.mark.filterwarnings("ignore:subprocess .* is still running"),
]


@pytest.fixture(scope="module")
def load() -> Iterator[None]:
    """Sixty orders, some of which fail or are rejected, and one without a price."""
    with real.running("rabbit") as services:
        services["trade"].kill()
        services["trade"].wait()
        real.place(os.urandom(16).hex())
        services["trade"] = monitoring.start("rabbit", "trade")
        place = [sys.executable, "-m", "shop.load", "--count", "60", "--rate", "5"]
        done = subprocess.run(
            place, cwd=EXAMPLE, capture_output=True, text=True, check=True
        )
        assert "'failed'" in done.stdout
        assert "'rejected'" in done.stdout
        yield


@pytest.mark.parametrize("query", PROMQL, ids=str)
def test_prometheus_answers(load: None, query: Query) -> None:
    """Each query is understood, and finds something."""
    until(lambda: values(query.text), bool)


def values(query: str) -> list[float]:
    """The numbers that Prometheus gives for a query: a quantile of nothing is none."""
    found = (float(each["value"][1]) for each in ask(query))
    return [value for value in found if not isnan(value)]


def ask(query: str) -> list[dict[str, list[str]]]:
    """What Prometheus has now."""
    answer: list[dict[str, list[str]]] = prometheus("query", query=query)["result"]
    return answer


def test_figures(load: None) -> None:
    """What it has is what was done."""
    sent = 'sum(messaging_client_sent_messages_total{messaging_destination_name="%s"})'
    handled = "sum(messaging_process_duration_seconds_count{%s})"

    def becomes(count: int, query: str) -> None:
        until(lambda: values(query), lambda found: found == [count])

    becomes(61, sent % "orders")
    becomes(61, handled % 'messaging_destination_name="orders"')
    (failed,) = values(handled % 'error_type="shop.trade.TradingHaltedError"')
    rejected = (
        'sum(traces_span_metrics_calls_total{faststream_message_decision="reject"})'
    )
    (decided,) = values(rejected)
    assert failed
    assert decided
    # What was bought was told, and filed.
    for destination in ("trades", "receipts"):
        bought = handled % f'messaging_destination_name="{destination}"'
        becomes(61 - int(failed) - int(decided), bought)


def test_exemplars(load: None) -> None:
    """A measurement leads to a trace that the Collector was given."""
    now = time.time()
    found = prometheus(
        "query_exemplars",
        query="messaging_process_duration_seconds_bucket",
        start=now - 300,
        end=now,
    )
    traces = {
        exemplar["labels"]["trace_id"]: exemplar["labels"]["span_id"]
        for each in found
        for exemplar in each["exemplars"]
    }
    assert traces
    for trace_id, span_id in list(traces.items())[:5]:
        spans = {span.span_id: span for span in real.spans(trace_id)}
        assert spans[int(span_id, 16)].name.startswith("process ")


def test_alerts_are_loaded(load: None) -> None:
    """They are watched, and the first one has its reason: one order in ten fails."""
    (group,) = prometheus("rules", type="alert")["groups"]
    assert [rule["health"] for rule in group["rules"]] == ["ok"] * 4
    states = {rule["name"]: rule["state"] for rule in group["rules"]}
    assert states["HandlersFail"] in {"pending", "firing"}
