"""Variables that are right, and have no effect in this application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from faststream_otel.doctor._address import address_of
from faststream_otel.doctor._described import batch_of
from faststream_otel.doctor._pipeline import Route, fields, resource_of, routes
from faststream_otel.doctor._service import instrumented

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from faststream_otel.doctor._service import Service, Signal

_SIGNALS: Final[tuple[Signal, ...]] = ("traces", "metrics", "logs")
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
_PROTOCOL: Final = "OTEL_EXPORTER_OTLP_PROTOCOL"
_FOR_GRPC: Final = "_INSECURE"


def without_component(
    environment: Mapping[str, str], service: Service
) -> Iterator[tuple[str, str]]:
    """Give variables whose part is missing, and the name of that part."""
    there = {signal: _routes(service, signal) for signal in _SIGNALS}
    for name in environment:
        if name == _PROTOCOL and instrumented():
            # Its distro sets it where nobody else has.
            continue
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
    ("OTEL_EXPORTER_OTLP_", _SIGNALS, "exporter for OTLP", _is_otlp),
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
    for signal in _SIGNALS:
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


def contradictions(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Give variables that another makes useless: name, the other, and why."""
    sampler = environment.get("OTEL_TRACES_SAMPLER", "")
    if "OTEL_TRACES_SAMPLER_ARG" in environment and sampler.lower() in _SAMPLERS:
        if not is_ratio(environment):
            because = f"{sampler} takes no argument."
            yield "OTEL_TRACES_SAMPLER_ARG", "OTEL_TRACES_SAMPLER", because
    elif "OTEL_TRACES_SAMPLER_ARG" in environment and not sampler:
        because = "Without it the sampler is parentbased_always_on, which takes none."
        yield "OTEL_TRACES_SAMPLER_ARG", "no OTEL_TRACES_SAMPLER", because
    for name, value in environment.items():
        if not name.startswith("OTEL_EXPORTER_OTLP_") or not name.endswith(_FOR_GRPC):
            continue
        other = name.removesuffix(_FOR_GRPC) + "_ENDPOINT"
        is_insecure = value.lower() == "true"
        if is_insecure and environment.get(other, "").startswith("https://"):
            yield (
                name,
                other,
                "https:// in an address means TLS, whatever else is said.",
            )
    if environment.get("OTEL_SERVICE_NAME"):
        pairs = environment.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")
        if any(pair.partition("=")[0].strip() == "service.name" for pair in pairs):
            because = "Of the two, OTEL_SERVICE_NAME counts."
            yield (
                "service.name in OTEL_RESOURCE_ATTRIBUTES",
                "OTEL_SERVICE_NAME",
                because,
            )
