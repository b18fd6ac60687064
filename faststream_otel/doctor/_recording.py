"""Checks of where spans are recorded: providers, services, samplers and limits."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace

from faststream_otel._faststream import is_faststreams_own
from faststream_otel.doctor import _sampling, _sdk
from faststream_otel.doctor._finding import Fact, Finding, Rule
from faststream_otel.doctor._service import instrumented

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel.doctor._service import Provider, Service

NO_PROVIDER: Final = Rule(
    "FSO101",
    "error",
    "No tracer provider is set.",
    "No span is recorded: OpenTelemetry's API does nothing until a provider of its "
    "SDK is set.",
    "Start the service with opentelemetry-instrument, or set a provider in code:\n"
    "trace.set_tracer_provider(provider)\n"
    "If a start-up hook sets it, run: doctor --start",
)
NOT_SET_UP: Final = Rule(
    "FSO110",
    "error",
    "opentelemetry-instrument set no tracer provider.",
    "Any error stops the whole set-up: for example, an exporter that is not installed.",
    "Look at the log above for the reason, and install or correct what it names.",
)
NO_SDK: Final = Rule(
    "FSO102",
    "error",
    "OpenTelemetry's SDK is not installed.",
    "Nothing is recorded, because OpenTelemetry's API alone does nothing.",
    "pip install opentelemetry-sdk, and set a provider.",
)
NO_DISTRO: Final = Rule(
    "FSO103",
    "error",
    "opentelemetry-instrument runs without its distro.",
    "Without it, no provider is set, and nothing reports that.",
    "pip install opentelemetry-distro",
)
DISABLED: Final = Rule(
    "FSO104",
    "error",
    "The SDK is switched off.",
    "Nothing is recorded, even if a provider is set.",
    "Unset OTEL_SDK_DISABLED: look for it in the base image and in shared settings.",
)
SECOND: Final = Rule(
    "FSO105",
    "error",
    "A second {signal} provider was set, but is not used.",
    "The global provider can be set only once. The first one stays in use, and the "
    "second one never exports anything.",
    "Set it only once, with opentelemetry-instrument or in code\n"
    "To export to a second place: "
    "trace.get_tracer_provider().add_span_processor(...)",
)
LATE: Final = Rule(
    "FSO106",
    "warning",
    "The tracer provider is set after a broker has started.",
    "The first messages have no spans.",
    "Set it when the module is imported, or in on_startup.",
)
OWN_SPANS: Final = Rule(
    "FSO107",
    "warning",
    "The application uses tracers of the global provider, but none is set.",
    "Its own spans are not recorded, because only the middleware has a provider.",
    "trace.set_tracer_provider(provider)",
)
SEVERAL: Final = Rule(
    "FSO108",
    "warning",
    "A middleware has a different tracer provider from the rest of the application.",
    "Spans of one trace go to different places, or under different service names.",
    "Do not pass tracer_provider= to the middleware, or set that provider globally.",
)
ONLY_METRICS: Final = Rule(
    "FSO109",
    "note",
    "Metrics are recorded, but spans are not.",
    "There is a meter provider, but no tracer provider.",
    "If you want traces: trace.set_tracer_provider(...)",
)
NO_NAME: Final = Rule(
    "FSO121",
    "warning",
    "The service has no name.",
    "Backends group telemetry by service name, so all services without a name look "
    "like one.",
    'OTEL_SERVICE_NAME=orders, or Resource.create({{"service.name": "orders"}})',
)
LIMITS: Final = Rule(
    "FSO131",
    "warning",
    "Spans are cut: {limit} is {value}.",
    "Anything beyond the limit is dropped: attributes, the links from a batch to its "
    "messages, exceptions, or the ends of names and ids.",
    "Raise {variable} or SpanLimits({limit}=...), or remove the limit.",
)

# A process span of a broker has up to so many attributes of this package's.
_ATTRIBUTES: Final = 24
_SHORTEST: Final = 64


def check(service: Service) -> Iterator[Finding | Fact]:
    """Examine where spans are recorded."""
    yield from _disabled(service)
    providers = service.of("traces")
    if not any(each.is_global for each in providers):
        yield from _no_provider(service)
    yield from _second(service)
    yield from _several(service)
    for provider in providers:
        yield Fact("Tracer provider", _described(provider, service))
        if provider.sdk is not None:
            yield from _name(provider)
            yield from _limits(provider)
            yield from _sampling.examine(provider)


def _disabled(service: Service) -> Iterator[Finding]:
    if service.is_switched_off:
        value = service.environment["OTEL_SDK_DISABLED"]
        yield DISABLED.found(f"OTEL_SDK_DISABLED={value}")


def _no_provider(service: Service) -> Iterator[Finding | Fact]:
    ours = service.ours
    given = [each.telemetry.tracer_provider is not None for each in ours]
    if ours and all(given):
        names = _sdk.waiting_tracers()
        if names:
            seen = f"trace.get_tracer was called with {', '.join(map(repr, names))}"
            yield OWN_SPANS.found(seen)
        return
    if not ours and any(
        is_faststreams_own(each)
        for broker in service.brokers
        for each in broker.stack.middlewares
    ):
        # Where that one records cannot be seen.
        return
    if find_spec("opentelemetry.sdk") is None:
        yield NO_SDK.found("import opentelemetry.sdk fails")
    elif instrumented() and find_spec("opentelemetry.distro") is None:
        yield NO_DISTRO.found("opentelemetry.distro is not installed")
    elif service.of("metrics"):
        yield ONLY_METRICS.found(_class(trace.get_tracer_provider()))
    else:
        found = NOT_SET_UP if instrumented() else NO_PROVIDER
        yield found.found(_nobody_set(service))


def _nobody_set(service: Service) -> str:
    seen = f"trace.get_tracer_provider() is a {_class(trace.get_tracer_provider())}"
    unread = sorted(
        name
        for name, value in service.environment.items()
        if value and name.startswith(("OTEL_EXPORTER", "OTEL_TRACES", "OTEL_SERVICE"))
    )
    if unread and not instrumented():
        seen += f"; set, and read by nobody: {', '.join(unread)}"
    return seen


def _described(provider: Provider, service: Service) -> str:
    text = f"{_class(provider.given)}, {' and '.join(provider.owners)}"
    if provider.sdk is not None and provider.sdk is not provider.given:
        text += f"; inside it {_class(provider.sdk)}"
    elif provider.sdk is None:
        text += "; not the SDK's"
    for setting in service.settings:
        if setting.provider is provider.given and setting.taken:
            when = {"import": "while it was imported", "start": "while it started"}
            text += f"; set {when.get(setting.phase, '')}, {setting.place}"
    return text


def _class(thing: object) -> str:
    kind = type(thing)
    return f"{kind.__module__}.{kind.__qualname__}"


def _name(provider: Provider) -> Iterator[Finding | Fact]:
    attributes = _sdk.resource(provider.sdk)
    name = str(attributes.get("service.name", ""))
    yield Fact("Service", name or "without a name")
    if not name or name.startswith("unknown_service"):
        seen = f"service.name is {name or 'not there'}"
        yield NO_NAME.found(seen, where=_class(provider.given))


def _limits(provider: Provider) -> Iterator[Finding]:
    limits = _sdk.limits(provider.sdk)
    for limit, least, variable in (
        ("max_span_attributes", _ATTRIBUTES, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"),
        ("max_links", 1, "OTEL_SPAN_LINK_COUNT_LIMIT"),
        ("max_events", 1, "OTEL_SPAN_EVENT_COUNT_LIMIT"),
        ("max_attribute_length", _SHORTEST, "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
        (
            "max_span_attribute_length",
            _SHORTEST,
            "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        ),
    ):
        value = limits.get(limit)
        if value is not None and value < least:
            yield LIMITS.found(
                f"a span of this package's needs {least} or more",
                where=_class(provider.given),
                limit=limit,
                value=value,
                variable=variable,
            )
            return


def _second(service: Service) -> Iterator[Finding]:
    for setting in service.settings:
        if not setting.taken:
            first = _first(service, setting.signal)
            seen = f"{_class(setting.provider)}, set by {setting.place}; {first}"
            yield SECOND.found(seen, signal=_sdk.KINDS[setting.signal])
        elif setting.running and setting.signal == "traces":
            yield LATE.found(f"{setting.place} set it while a broker ran")


def _first(service: Service, signal: str) -> str:
    for setting in service.settings:
        if setting.signal == signal and setting.taken:
            return f"the first one was set by {setting.place}"
    if instrumented():
        return "the first one was set by opentelemetry-instrument"
    return "the first one was set before the application was loaded"


def _several(service: Service) -> Iterator[Finding]:
    providers = [each for each in service.of("traces") if each.sdk is not None]
    if any(each.is_global for each in providers) and len(_distinct(providers)) > 1:
        for each in providers:
            if not each.is_global:
                owners = ", ".join(each.owners)
                seen = f"{owners} has one of its own, and another is global"
                yield SEVERAL.found(seen, where=owners)


def _distinct(providers: list[Provider]) -> set[Any]:
    return {id(each.sdk) for each in providers}
