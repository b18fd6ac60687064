"""What middlewares were told: options that are in force, and where they come from."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import propagate

from faststream_otel._faststream import is_faststreams_own
from faststream_otel._options import CAPTURE_HEADERS, EXCLUDE
from faststream_otel.doctor._finding import Fact, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from faststream_otel._middleware import TelemetryMiddleware
    from faststream_otel.doctor._service import Service

    Middleware = TelemetryMiddleware[Any, Any]

ALL_EXCLUDED: Final = Rule(
    "FSO211",
    "error",
    "Every destination is excluded.",
    "No message is traced.",
    "Remove that pattern from {place}.",
)
NO_EFFECT: Final = Rule(
    "FSO212",
    "warning",
    "{option}= has no effect on this broker.",
    "The broker or its client does not support it.",
    "Leave {option}= out.",
)
OVERRIDDEN: Final = Rule(
    "FSO213",
    "warning",
    "A variable has no effect, because the code sets the option.",
    "An argument takes precedence over its variable.",
    "Unset {variable}, or leave out {option}=",
)

# In the order of `Options.given`.
_OPTIONS: Final = (
    *("propagator", "incoming", "baggage_keys", "capture_headers"),
    *("destination_templates", "exclude", "publish_hook", "consume_hook"),
    *("create_spans", "settle_spans", "record_body_size", "record_queue_time"),
)
_VARIABLES: Final = {"capture_headers": CAPTURE_HEADERS, "exclude": EXCLUDE}
_FILES: Final = ("OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE")
_UNLIKELY: Final = ("faststream-otel-doctor", "0", "a.b/c:d")
_KNOWN: Final = {
    "TraceContextTextMapPropagator": "tracecontext",
    "W3CBaggagePropagator": "baggage",
    "B3MultiFormat": "b3multi",
    "B3SingleFormat": "b3",
    "JaegerPropagator": "jaeger",
    "AwsXRayPropagator": "xray",
}


def check(service: Service) -> Iterator[Finding | Fact]:
    """Examine the options of each middleware."""
    for middleware in service.ours:
        given = dict(options(middleware, service.environment))
        if given:
            text = "\n".join(f"{name}={value}" for name, value in given.items())
            yield Fact(f"Options of {type(middleware).__name__}", text)
        yield from _excluded(middleware, given)
        yield from _without_effect(middleware)
        yield from _overridden(middleware, service.environment)


def options(
    middleware: Middleware, environment: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Give the options that are not left out, with where each comes from."""
    for name, value in zip(_OPTIONS, middleware.telemetry.options.given, strict=True):
        if value in (None, False, (), "continue"):
            continue
        variable = _VARIABLES.get(name)
        if variable and value and value == _names(environment, variable):
            source = variable
        elif _is_given(middleware):
            files = [each for each in _FILES if each in environment]
            source = files[0] if files else "instrument()"
        else:
            source = "argument"
        yield name, f"{_written(value)} ({source})"


def propagators(
    middleware: Middleware, environment: Mapping[str, str]
) -> Iterator[str]:
    """Name the propagators of a middleware, the last with where they come from."""
    own = middleware.telemetry.options.propagator
    propagator = propagate.get_global_textmap() if own is None else own
    parts = getattr(propagator, "_propagators", None)
    names = [
        _KNOWN.get(type(each).__name__, type(each).__name__)
        for each in ((propagator,) if parts is None else parts)
    ] or ["none"]
    if own is not None:
        source = " (argument)"
    else:
        source = " (OTEL_PROPAGATORS)" if "OTEL_PROPAGATORS" in environment else ""
    yield from names[:-1]
    yield names[-1] + source


def name_of(middleware: Any) -> str:
    """Name a middleware as the code that adds it does."""
    while isinstance(middleware, partial):
        middleware = middleware.func
    kind = middleware if isinstance(middleware, type) else type(middleware)
    own = " (FastStream's)" if is_faststreams_own(middleware) else ""
    return f"{kind.__name__}{own}"


def _is_given(middleware: Middleware) -> bool:
    """Whether an instrumentor made it."""
    module = sys.modules.get("faststream_otel.instrumentor")
    return module is not None and bool(module.gave(middleware))


def _names(environment: Mapping[str, str], variable: str) -> tuple[str, ...]:
    value = environment.get(variable, "")
    return tuple(filter(None, (part.strip() for part in value.split(","))))


def _written(value: Any) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return f"[{', '.join(sorted(map(repr, value)))}]"
    if isinstance(value, (str, bool)):
        return repr(value)
    return str(getattr(value, "__qualname__", type(value).__qualname__))


def _excluded(middleware: Middleware, given: dict[str, str]) -> Iterator[Finding]:
    excludes = middleware.telemetry.options.excludes
    if excludes is not None and all(map(excludes, _UNLIKELY)):
        where = "exclude="
        if EXCLUDE in given["exclude"]:
            where = EXCLUDE
        seen = f"exclude={given['exclude']}"
        yield ALL_EXCLUDED.found(seen, where=type(middleware).__name__, place=where)


def _without_effect(middleware: Middleware) -> Iterator[Finding]:
    told, messages = middleware.telemetry.options, middleware.messages
    cases = {
        "create_spans": (
            told.create_spans and not messages.takes_headers_of_each,
            "its client takes no headers for each message of a batch",
        ),
        "record_queue_time": (
            told.record_queue_time and messages.package == "mqtt",
            "MQTT does not say when a message was sent",
        ),
    }
    for option, (applies, why) in cases.items():
        if applies:
            where = type(middleware).__name__
            seen = f"{option}=True, and {why}"
            yield NO_EFFECT.found(seen, where=where, option=option)


def _overridden(
    middleware: Middleware, environment: Mapping[str, str]
) -> Iterator[Finding]:
    given = dict(zip(_OPTIONS, middleware.telemetry.options.given, strict=True))
    for option, variable in _VARIABLES.items():
        wanted = _names(environment, variable)
        if wanted and wanted != given[option]:
            told = f"{option}={_written(given[option])}"
            yield OVERRIDDEN.found(
                f"{variable} is {', '.join(wanted)}, and the code says {told}",
                where=type(middleware).__name__,
                variable=variable,
                option=option,
            )
