"""Variables that are right, and have no effect in this application."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from faststream_otel.doctor._address import address_of
from faststream_otel.doctor._described import batch_of
from faststream_otel.doctor._pipeline import Route, fields, resource_of, routes
from faststream_otel.doctor._service import SIGNALS
from faststream_otel.doctor._variables import CONFIGURATORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from faststream_otel.doctor._service import Service, Signal

_RATIOS: Final = frozenset({"traceidratio", "parentbased_traceidratio"})
# How samplers of these names describe themselves.
_SAMPLERS: Final = {
    "always_on": "AlwaysOnSampler",
    "always_off": "AlwaysOffSampler",
    "traceidratio": "TraceIdRatioBased{",
    "parentbased_always_on": "ParentBased{root:AlwaysOnSampler",
    "parentbased_always_off": "ParentBased{root:AlwaysOffSampler",
    "parentbased_traceidratio": "ParentBased{root:TraceIdRatioBased",
}
_FOR_LOGGING: Final = "OTEL_PYTHON_LOG_"
_LOGGING: Final = "opentelemetry.instrumentation.logging"
_FOR_GRPC: Final = "_INSECURE"


def without_component(
    environment: Mapping[str, str], service: Service
) -> Iterator[tuple[str, str]]:
    """Give variables whose part is missing, and the name of that part."""
    there = {signal: _routes(service, signal) for signal in SIGNALS}
    # Those for configurators may be their own defaults: the distro sets two.
    for name in (each for each in environment if each not in CONFIGURATORS):
        if name.startswith(_FOR_LOGGING) and _LOGGING not in sys.modules:
            yield name, "instrumentation of logging"
        for begins, signals, component, is_it in _COMPONENTS:
            if not name.startswith(begins):
                continue
            # Where nothing is recorded there is another finding.
            asked = [signal for signal in signals if service.of(signal)]
            present = [route for signal in asked for route in there[signal]]
            if asked and not any(is_it(route) for route in present):
                yield name, component
            break


def _routes(service: Service, signal: Signal) -> list[Route]:
    return [
        route
        for provider in service.of(signal)
        for route in routes(signal, provider.given)
    ]


def _is_otlp(route: Route) -> bool:
    return ".otlp." in type(route.inner).__module__


def _is_zipkin(route: Route) -> bool:
    return ".zipkin." in type(route.inner).__module__


def _is_periodic(route: Route) -> bool:
    return "_export_interval_millis" in fields(route.by)


def _is_prometheus(route: Route) -> bool:
    return "Prometheus" in type(route.by).__name__


def _is_batch(route: Route) -> bool:
    return bool(batch_of(route))


# The first that a name begins with counts.
_COMPONENTS: Final[
    tuple[tuple[str, tuple[Signal, ...], str, Callable[[Route], bool]], ...]
] = (
    (
        "OTEL_EXPORTER_OTLP_TRACES_",
        ("traces",),
        "exporter of traces for OTLP",
        _is_otlp,
    ),
    (
        "OTEL_EXPORTER_OTLP_METRICS_",
        ("metrics",),
        "exporter of metrics for OTLP",
        _is_otlp,
    ),
    ("OTEL_EXPORTER_OTLP_LOGS_", ("logs",), "exporter of logs for OTLP", _is_otlp),
    ("OTEL_EXPORTER_OTLP_", SIGNALS, "exporter for OTLP", _is_otlp),
    ("OTEL_EXPORTER_ZIPKIN_", ("traces",), "exporter for Zipkin", _is_zipkin),
    (
        "OTEL_EXPORTER_PROMETHEUS_",
        ("metrics",),
        "reader for Prometheus",
        _is_prometheus,
    ),
    ("OTEL_BSP_", ("traces",), "BatchSpanProcessor", _is_batch),
    ("OTEL_BLRP_", ("logs",), "BatchLogRecordProcessor", _is_batch),
    (
        "OTEL_METRIC_EXPORT_",
        ("metrics",),
        "PeriodicExportingMetricReader",
        _is_periodic,
    ),
)


def overruled(
    environment: Mapping[str, str], service: Service
) -> Iterator[tuple[str, str, str]]:
    """Give variables that code overrules: name, argument, and what was seen."""
    yield from _endpoints(environment, service)
    sampler = environment.get("OTEL_TRACES_SAMPLER", "").lower()
    name = environment.get("OTEL_SERVICE_NAME", "")
    for provider in service.of("traces"):
        says = str(
            getattr(getattr(provider.sdk, "sampler", None), "get_description", str)()
        )
        if says and not says.startswith(_SAMPLERS.get(sampler, says)):
            yield "OTEL_TRACES_SAMPLER", "sampler=", f"the sampler is {says}"
        resource = resource_of(provider.given)
        is_called = resource.attributes.get("service.name", "") if resource else name
        if name and is_called != name:
            yield (
                "OTEL_SERVICE_NAME",
                "the resource's service.name, or make it with Resource.create()",
                f"the service is called {is_called!r}",
            )


def _endpoints(
    environment: Mapping[str, str], service: Service
) -> Iterator[tuple[str, str, str]]:
    for signal in SIGNALS:
        own = f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"
        name = own if own in environment else "OTEL_EXPORTER_OTLP_ENDPOINT"
        if name not in environment:
            continue
        for route in filter(_is_otlp, _routes(service, signal)):
            address = address_of(route.inner, signal, environment)
            if address and address.usable and not address.variable:
                yield name, "endpoint=", f"{signal} are sent to {address}"


def is_ratio(environment: Mapping[str, str]) -> bool:
    """Whether the sampler takes a ratio."""
    return environment.get("OTEL_TRACES_SAMPLER", "").lower() in _RATIOS


def sampler_without_ratio(environment: Mapping[str, str]) -> str:
    """Give the sampler, if it has an argument and takes none."""
    if "OTEL_TRACES_SAMPLER_ARG" not in environment:
        return ""
    sampler = environment.get("OTEL_TRACES_SAMPLER", "parentbased_always_on").lower()
    return sampler if sampler in _SAMPLERS and sampler not in _RATIOS else ""


def useless_insecure(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give variables that ask for no TLS, beside addresses that ask for it."""
    for name, value in environment.items():
        if name.startswith("OTEL_EXPORTER_OTLP_") and name.endswith(_FOR_GRPC):
            other = name.removesuffix(_FOR_GRPC) + "_ENDPOINT"
            wants_tls = environment.get(other, "").startswith("https://")
            if wants_tls and value.lower() == "true":
                yield name, other


def has_two_names(environment: Mapping[str, str]) -> bool:
    """Whether two variables name the service."""
    pairs = environment.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")
    named = any(pair.partition("=")[0].strip() == "service.name" for pair in pairs)
    return named and bool(environment.get("OTEL_SERVICE_NAME"))
