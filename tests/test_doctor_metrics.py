"""Readers of metrics: each fault alone, and mended."""

from __future__ import annotations

import io
import math
import socket
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import Counter, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    ConsoleMetricExporter,
    InMemoryMetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import DropAggregation, View
from prometheus_client import CollectorRegistry

from faststream_otel.doctor import _metrics
from tests.examined import codes, facts, found, metering, service, variables

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def no_variables() -> Iterator[None]:
    """Nothing of the machine's has a say."""
    with variables():
        yield


def outcome(*readers: Any, **options: Any) -> str:
    """Give the codes of what is found about readers."""
    with metering(*readers) as provider:
        return ", ".join(codes(_metrics, service(provider, **options)))


def to_the_console(**options: Any) -> PeriodicExportingMetricReader:
    """Give a reader that sends nothing over the network."""
    return PeriodicExportingMetricReader(
        ConsoleMetricExporter(out=io.StringIO()), **options
    )


class Vendors(metrics.MeterProvider):
    """A provider that is not the SDK's."""

    def get_meter(self, *args: Any, **kwargs: Any) -> metrics.Meter:
        return metrics.NoOpMeter("shop")


def test_no_reader() -> None:
    """Metrics go nowhere, unless somebody wants it so."""
    assert outcome() == "FSO401"
    assert not outcome(InMemoryMetricReader())
    assert not outcome(environment={"OTEL_METRICS_EXPORTER": "none"})
    assert not found(_metrics, service(Vendors()))


def test_never() -> None:
    """An interval without end."""
    assert outcome(to_the_console(export_interval_millis=math.inf)) == "FSO404"
    assert not outcome(to_the_console(export_interval_millis=60_000))


def test_facts() -> None:
    """Each reader, and how it counts."""
    delta = InMemoryMetricReader({Counter: AggregationTemporality.DELTA})
    prometheus = PrometheusMetricReader(registry=CollectorRegistry())
    with metering(delta) as first, metering(prometheus) as second:
        assert facts(_metrics, service(first)) == {
            "Metrics": "InMemoryMetricReader, counts are delta"
        }
        assert facts(_metrics, service(second)) == {
            "Metrics": "PrometheusMetricReader, counts are cumulative"
        }


@pytest.mark.parametrize(
    ("view", "code"),
    [
        (View(instrument_name="messaging.*", aggregation=DropAggregation()), "FSO405"),
        (View(instrument_name="*", aggregation=DropAggregation()), "FSO405"),
        (View(instrument_name="http.*", aggregation=DropAggregation()), ""),
        (View(instrument_name="messaging.*"), ""),
        (View(instrument_type=Counter, aggregation=DropAggregation()), ""),
    ],
)
def test_views(view: View, code: str) -> None:
    """One that drops what is ours."""
    provider = MeterProvider(
        [InMemoryMetricReader()], views=[view], shutdown_on_exit=False
    )
    assert ", ".join(codes(_metrics, service(provider))) == code
    provider.shutdown()


def test_a_port_that_is_taken() -> None:
    """By whoever it is."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = {
            "OTEL_METRICS_EXPORTER": "otlp, prometheus",
            "OTEL_EXPORTER_PROMETHEUS_HOST": "127.0.0.1",
            "OTEL_EXPORTER_PROMETHEUS_PORT": str(taken.getsockname()[1]),
        }
        (finding,) = found(_metrics, service(environment=environment))
        assert finding.code == "FSO402"
        assert environment["OTEL_EXPORTER_PROMETHEUS_PORT"] in finding.title
        # Then the service itself has it.
        assert not outcome(InMemoryMetricReader(), environment=environment)
        assert not found(_metrics, service())
    assert not found(_metrics, service(environment=environment))


@pytest.mark.parametrize(
    ("server", "code"),
    [
        ("uvicorn app:app --workers 2", "FSO403"),
        ("gunicorn -w4 app:app", "FSO403"),
        ("faststream run app:app --reload", "FSO403"),
        ("uvicorn app:app --workers 1", ""),
        ("uvicorn", ""),
    ],
)
def test_several_processes(server: str, code: str) -> None:
    """Only one can have the port of Prometheus."""
    prometheus = {"OTEL_METRICS_EXPORTER": "prometheus"}
    reader = InMemoryMetricReader()
    assert outcome(reader, environment=prometheus, server=server) == code
    assert not outcome(
        InMemoryMetricReader(),
        environment={"OTEL_METRICS_EXPORTER": "otlp"},
        server=server,
    )
