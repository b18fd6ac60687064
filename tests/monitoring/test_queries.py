"""Prometheus, Loki and Tempo answer what Grafana asks them, after some orders."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from math import isnan
from typing import TYPE_CHECKING

import pytest

from guide.shop import EXAMPLE
from servers import monitoring
from tests.monitoring import real
from tests.monitoring.queries import (
    Query,
    lines_of,
    queries,
    trace_of,
    trace_of_exemplar,
)
from tests.monitoring.real import prometheus, until

if TYPE_CHECKING:
    from collections.abc import Iterator


def asked_of(source: str) -> list[Query]:
    """The queries for a data source."""
    found = [query for query in queries() if query.source == source]
    assert found
    return found


needs_loki = pytest.mark.program("loki")
needs_tempo = pytest.mark.program("tempo")
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


def test_each_query_is_asked() -> None:
    """There is no other source."""
    sources = {query.source for query in queries()}
    assert sources == {"prometheus", "loki", "tempo"}


@pytest.mark.parametrize("query", asked_of("prometheus"), ids=str)
def test_prometheus_answers(load: None, query: Query) -> None:
    """Each query is understood, and finds something."""
    until(lambda: values(query.text), bool)


@needs_loki
@pytest.mark.parametrize("query", asked_of("loki"), ids=str)
def test_loki_answers(load: None, query: Query) -> None:
    """It has the order without a price, those rejected, those failed, and no other."""
    said = {("order", "WARN"), ("trade", "WARN"), ("trade", "ERROR")}

    def found() -> set[tuple[str, str]]:
        lines = real.loki(query.text)
        return {(line["service_name"], line["severity_text"]) for line in lines}

    until(found, said.__eq__)


@needs_tempo
@pytest.mark.parametrize("query", asked_of("tempo"), ids=str)
def test_tempo_answers(load: None, query: Query) -> None:
    """It has traces of orders, and only of those in which something failed."""
    found = until(lambda: real.tempo(query.text), bool)
    for trace in found:
        services = trace["serviceStats"]
        assert "order" in services
        assert sum(each.get("errorCount", 0) for each in services.values())


@needs_loki
@needs_tempo
def test_the_commands_of_the_page(load: None) -> None:
    """They ask those two, and say what they are asked."""
    script = (EXAMPLE / "ask.sh").read_text()
    command = ["bash", "-c", script.replace("curl", "curl --silent --fail")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answers = done.stdout.partition('{"status"')
    assert "errorCount" in answers[0]
    assert "TradingHaltedError" in answers[2]


@needs_loki
@needs_tempo
def test_a_trace_and_its_lines_lead_to_each_other(load: None) -> None:
    """Tempo has the trace of a line of Loki's; what it is asked for finds the lines."""
    (query,) = asked_of("loki")
    lines = until(lambda: real.loki(query.text), bool)
    line = next(each for each in lines if each["severity_text"] == "ERROR")
    trace_id = trace_of(line)
    spans = until(lambda: real.in_tempo(trace_id), bool)
    assert ("process orders", int(line["span_id"], 16)) in spans

    lines = until(lambda: real.loki(lines_of(trace_id)), bool)
    assert {trace_of(each) for each in lines} == {trace_id}
    assert line in lines
    assert {each["service_name"] for each in lines} == {"order", "trade"}


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


def exemplars() -> list[tuple[str, int]]:
    """Trace and span of some measurements."""
    now = time.time()
    found = prometheus(
        "query_exemplars",
        query="messaging_process_duration_seconds_bucket",
        start=now - 300,
        end=now,
    )
    return [
        (trace_of_exemplar(each["labels"]), int(each["labels"]["span_id"], 16))
        for series in found
        for each in series["exemplars"]
    ][:5]


def test_exemplars(load: None) -> None:
    """A measurement leads to a trace that the Collector was given."""
    found = exemplars()
    assert found
    for trace_id, span_id in found:
        spans = {span.span_id: span for span in real.spans(trace_id)}
        assert spans[span_id].name.startswith("process ")


@needs_tempo
def test_exemplars_are_in_tempo(load: None) -> None:
    """It was given the same."""
    found = exemplars()
    assert found
    for trace_id, span_id in found:
        spans = {(span.name, span.span_id) for span in real.spans(trace_id)}
        assert span_id in {each for _, each in spans}
        until(partial(real.in_tempo, trace_id), spans.__eq__)


def test_alerts_are_loaded(load: None) -> None:
    """They are watched, and the first one has its reason: one order in ten fails."""
    (group,) = prometheus("rules", type="alert")["groups"]
    assert [rule["health"] for rule in group["rules"]] == ["ok"] * 4
    states = {rule["name"]: rule["state"] for rule in group["rules"]}
    assert states["HandlersFail"] in {"pending", "firing"}
