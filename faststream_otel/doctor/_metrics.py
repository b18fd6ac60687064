"""Checks of metrics."""

from __future__ import annotations

import math
import re
import socket
from typing import TYPE_CHECKING, Any, Final

from faststream_otel.doctor._finding import Fact, Finding, Rule
from faststream_otel.doctor._pipeline import fields, routes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from faststream_otel.doctor._pipeline import Route
    from faststream_otel.doctor._service import Provider, Service

NO_READER: Final = Rule(
    code="FSO401",
    kind="warning",
    title="Metrics are recorded, but no reader collects them.",
    why="A provider without a reader discards everything that it records.",
    remedy="MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]), or "
    "OTEL_METRICS_EXPORTER=otlp under opentelemetry-instrument",
)
PORT_TAKEN: Final = Rule(
    code="FSO402",
    kind="error",
    title="Port {port}, which Prometheus should scrape, is already in use.",
    why="opentelemetry-instrument then sets up nothing at all, not even traces and "
    "logs.",
    remedy="OTEL_EXPORTER_PROMETHEUS_PORT={other}; if the service itself is using it "
    "now, nothing is wrong.",
)
SEVERAL_PROCESSES: Final = Rule(
    code="FSO403",
    kind="error",
    title="Each process of {server} opens the port for Prometheus, but only the "
    "first succeeds.",
    why="All other processes have no telemetry at all: no metrics, no traces, no logs.",
    remedy="OTEL_METRICS_EXPORTER=otlp, to a Collector that Prometheus scrapes; or "
    "one process per container.",
)
NEVER: Final = Rule(
    code="FSO404",
    kind="error",
    title="Metrics are sent only when the service stops.",
    why="The interval of the reader is infinite.",
    remedy="PeriodicExportingMetricReader(exporter, export_interval_millis=60_000)",
)
DROPPED: Final = Rule(
    code="FSO405",
    kind="warning",
    title="A view drops the metrics of this package.",
    why="They are recorded, but no reader receives them.",
    remedy="Remove the view from MeterProvider(views=...), or make it match fewer "
    "metrics.",
)

_SOME_OF_OURS: Final = "messaging.process.duration"
_DEFAULT_PORT: Final = "9464"
_SEVERAL: Final = re.compile(r"--reload|(?:--workers|-w)[ =]?(?:[2-9]|\d\d)")


def check(service: Service) -> Iterator[Finding | Fact]:
    """Examine metrics."""
    providers = service.of("metrics")
    for provider in providers:
        yield from _provider(provider, service.environment)
    if not _asks_for_prometheus(service.environment):
        return
    if not providers and (port := _taken(service.environment)):
        yield PORT_TAKEN.found(
            f"Port {port} of {_host(service.environment)} could not be opened.",
            port=port,
            other=int(port) + 1,
        )
    if _SEVERAL.search(service.asked.server):
        server = service.asked.server.split()[0]
        yield SEVERAL_PROCESSES.found(
            "OTEL_METRICS_EXPORTER names prometheus, and the command has several "
            "processes.",
            server=server,
        )


def _provider(
    provider: Provider, environment: Mapping[str, str]
) -> Iterator[Finding | Fact]:
    leading = routes("metrics", provider.given)
    owner = " and ".join(provider.owners)
    is_wanted = environment.get("OTEL_METRICS_EXPORTER", "").strip() != "none"
    if provider.sdk is not None and not leading and is_wanted:
        yield NO_READER.found(
            f"{owner[0].upper()}{owner[1:]} has no reader.", where=owner
        )
    for route in leading:
        name = type(route.by).__name__
        yield Fact("Metrics", f"{name}, {_temporality(route)}")
        if fields(route.by).get("_export_interval_millis") == math.inf:
            yield NEVER.found("export_interval_millis is infinite.", where=name)
    for view in _views(provider.sdk):
        yield DROPPED.found(f"The view of {view!r} has DropAggregation.", where=owner)


def _temporality(route: Route) -> str:
    """Say how a reader counts, as its counters do."""
    by_class = fields(route.by).get("_instrument_class_temporality", {})
    counters = [
        temporality.name.lower()
        for kind, temporality in by_class.items()
        if kind.__name__.strip("_") == "Counter"
    ]
    return f"counts are {counters[0]}" if counters else "of another make"


def _views(provider: Any) -> Iterator[str]:
    """Give the patterns of views that drop what we record."""
    config = fields(fields(provider).get("_sdk_config"))
    for view in config.get("views", ()):
        inside = fields(view)
        name = inside.get("_instrument_name")
        if type(inside.get("_aggregation")).__name__ != "DropAggregation" or not name:
            continue
        pattern = re.escape(name).replace(r"\*", ".*").replace(r"\?", ".")
        if re.fullmatch(pattern, _SOME_OF_OURS):
            yield name


def _asks_for_prometheus(environment: Mapping[str, str]) -> bool:
    names = environment.get("OTEL_METRICS_EXPORTER", "").split(",")
    return "prometheus" in (name.strip() for name in names)


def _host(environment: Mapping[str, str]) -> str:
    return environment.get("OTEL_EXPORTER_PROMETHEUS_HOST") or "localhost"


def _taken(environment: Mapping[str, str]) -> str:
    """Give the port, if somebody has it."""
    port = environment.get("OTEL_EXPORTER_PROMETHEUS_PORT") or _DEFAULT_PORT
    if not port.isdecimal():
        return ""
    try:
        with socket.create_server((_host(environment), int(port))):
            return ""
    except (OSError, OverflowError):
        return port
