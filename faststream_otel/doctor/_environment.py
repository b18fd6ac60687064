"""Checks of environment variables: each one of OpenTelemetry's that is set."""

from __future__ import annotations

import difflib
import re
import sys
from typing import TYPE_CHECKING, Final

from faststream_otel.doctor import _values
from faststream_otel.doctor._effects import (
    has_two_names,
    is_ratio,
    overruled,
    sampler_without_ratio,
    useless_insecure,
    without_component,
)
from faststream_otel.doctor._finding import Fact, Finding, Rule
from faststream_otel.doctor._variables import (
    CONFIGURATORS,
    KNOWN,
    UNREAD,
    belongs_to_others,
    example_of,
    of_another_language,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from faststream_otel.doctor._service import Service

UNKNOWN: Final = Rule(
    code="FSO601",
    kind="warning",
    title="OpenTelemetry has no variable {name}.",
    why="It has no effect, and nothing reports that.",
    remedy="{nearest}",
)
MALFORMED: Final = Rule(
    code="FSO602",
    kind="error",
    title="The value of {name} is not valid.",
    why="OpenTelemetry uses the default instead, or stops the whole set-up.",
    remedy="{name}={example}, or unset it",
)
NOT_INSTALLED: Final = Rule(
    code="FSO603",
    kind="error",
    title="{name} names something that is not installed.",
    why="opentelemetry-instrument then sets up nothing at all, not even metrics and "
    "logs.",
    remedy="Correct {name}, or install the package that provides it.",
)
QUOTED: Final = Rule(
    code="FSO604",
    kind="error",
    title="The value of {name} has {what} around it.",
    why="A shell removes them. Docker and Kubernetes do not when they read a file, "
    "so they become part of the value.",
    remedy="Write the value of {name} without {what}.",
)
NO_SCHEME: Final = Rule(
    code="FSO605",
    kind="error",
    title="The address in {name} has no http:// or https://.",
    why="An exporter for HTTP cannot send to such an address, and one for gRPC uses "
    "TLS.",
    remedy="{name}=http://{rest}, or https:// if the server uses TLS.",
)
SECONDS: Final = Rule(
    code="FSO606",
    kind="warning",
    title="{name} is in seconds in Python, and {value} are {minutes} minutes.",
    why="The specification has milliseconds. A request without an answer delays "
    "everything after it.",
    remedy="{name}={mended}, if you meant milliseconds.",
)
SIGNAL_PATH: Final = Rule(
    code="FSO607",
    kind="error",
    title="{name} ends in the path of one signal.",
    why="Each exporter for HTTP adds its own path, so it sends to an address such as "
    "/v1/traces/v1/traces.",
    remedy="Remove {path} from {name}.",
)
NOT_READ_HERE: Final = Rule(
    code="FSO608",
    kind="warning",
    title="{name} has no effect here.",
    why="Only opentelemetry-instrument and similar tools read it, and this "
    "application sets up its providers itself.",
    remedy="Start the service with opentelemetry-instrument, or set in code what "
    "{name} says.",
)
NOTHING_TO_SET: Final = Rule(
    code="FSO609",
    kind="warning",
    title="{name} has no effect here: there is no {component}.",
    why="It configures a part that this application does not have.",
    remedy="Unset {name}, or make the {component} that it is meant for.",
)
OVERRULED: Final = Rule(
    code="FSO610",
    kind="warning",
    title="{name} has no effect here, because the code sets something else.",
    why="A setting in code takes precedence over the environment.",
    remedy="Remove {argument} from the code, or unset {name}.",
)
NOT_IN_PYTHON: Final = Rule(
    code="FSO611",
    kind="note",
    title="{name} has no effect in Python.",
    why="OpenTelemetry for Python does not read it.",
    remedy="Unset it: {instead}.",
)
NO_RATIO: Final = Rule(
    code="FSO612",
    kind="warning",
    title="A sampler argument is set, but this sampler takes none.",
    why="Only traceidratio and parentbased_traceidratio take a ratio.",
    remedy="OTEL_TRACES_SAMPLER=parentbased_traceidratio, or unset "
    "OTEL_TRACES_SAMPLER_ARG.",
)
MILLISECONDS: Final = Rule(
    code="FSO613",
    kind="warning",
    title="{name} is in milliseconds, and {value} are {times} times a second.",
    why="It sends far more often than necessary.",
    remedy="{name}={mended}, if you meant seconds.",
)
INSECURE: Final = Rule(
    code="FSO614",
    kind="warning",
    title="{name} has no effect together with https:// in {other}.",
    why="An address with https:// always means TLS.",
    remedy="http:// in {other}, or unset {name}.",
)
TWO_NAMES: Final = Rule(
    code="FSO615",
    kind="warning",
    title="The service has a name in OTEL_RESOURCE_ATTRIBUTES and in "
    "OTEL_SERVICE_NAME.",
    why="OTEL_SERVICE_NAME takes precedence.",
    remedy="Remove service.name from OTEL_RESOURCE_ATTRIBUTES.",
)

# A host with a port and a path, and nothing in it that may be secret.
_PLACE: Final = re.compile(r"[\w.-]+(:\d+)?(/[\w./-]*)?")
_QUOTES: Final = ("'", '"')
_MILLISECONDS: Final = frozenset(
    {
        "OTEL_BSP_SCHEDULE_DELAY",
        "OTEL_BLRP_SCHEDULE_DELAY",
        "OTEL_METRIC_EXPORT_INTERVAL",
    }
)
# What is below is meant in seconds, and what is above in milliseconds.
_FEW_MILLISECONDS: Final = 100
_MANY_SECONDS: Final = 1000


def check(service: Service) -> Iterator[Finding | Fact]:
    """Examine environment variables."""
    environment = {
        name: value
        for name, value in sorted(service.environment.items())
        if name.upper().startswith("OTEL_") and value
    }
    if environment:
        yield Fact("Variables", ", ".join(environment))
    for name, value in environment.items():
        if name in KNOWN and not _is_unread(name, service):
            yield from _known(name, value, environment)
        elif name in KNOWN:
            continue
        elif (unknown := _unknown(name)) is not None:
            yield unknown
    yield from _without_effect(environment, service)


def _known(name: str, value: str, environment: Mapping[str, str]) -> Iterator[Finding]:
    stripped = value.strip()
    if stripped[0:1] in _QUOTES and stripped[-1:] == stripped[0] and len(stripped) > 1:
        yield QUOTED.found(
            "Its first and its last character are quotes.", name=name, what="quotes"
        )
        return
    if value != stripped:
        yield QUOTED.found("It begins or ends with a blank.", name=name, what="blanks")
        return
    if name.endswith("_ENDPOINT") and _values.without_scheme(value):
        rest = value if _PLACE.fullmatch(value) else "collector:4318"
        yield NO_SCHEME.found("There is no :// in it.", name=name, rest=rest)
        return
    wrong = KNOWN[name](value)
    if is_ratio(environment) and name == "OTEL_TRACES_SAMPLER_ARG":
        wrong = _values.number(0, 1)(value)
    if is_ratio(environment) and name == "OTEL_TRACES_SAMPLER":
        missing = "OTEL_TRACES_SAMPLER_ARG" not in environment
        wrong = "it has no OTEL_TRACES_SAMPLER_ARG, and records all" if missing else ""
    # For a sampler that is not there, the SDK takes its default.
    if wrong.startswith("nothing is installed") and name != "OTEL_TRACES_SAMPLER":
        yield NOT_INSTALLED.found(_sentence(wrong), name=name)
    elif wrong:
        yield MALFORMED.found(_sentence(wrong), name=name, example=example_of(name))
    else:
        yield from _meant_otherwise(name, value)


def _meant_otherwise(name: str, value: str) -> Iterator[Finding]:
    """Find what can be read, and is hardly what was meant."""
    if name in _MILLISECONDS and (few := float(value)) < _FEW_MILLISECONDS:
        yield MILLISECONDS.found(
            f"{name}={value}",
            name=name,
            value=value,
            times=f"{1000 / few:.0f}",
            mended=f"{few * 1000:g}",
        )
    is_timeout = name.startswith("OTEL_EXPORTER_") and name.endswith("_TIMEOUT")
    if is_timeout and (many := float(value)) >= _MANY_SECONDS:
        yield SECONDS.found(
            f"{name}={value}",
            name=name,
            value=value,
            minutes=f"{many / 60:.0f}",
            mended=f"{many / 1000:g}",
        )
    if name == "OTEL_EXPORTER_OTLP_ENDPOINT":
        for signal in ("traces", "metrics", "logs"):
            path = f"/v1/{signal}"
            if value.rstrip("/").endswith(path):
                yield SIGNAL_PATH.found(f"It ends in {path}.", name=name, path=path)


def _unknown(name: str) -> Finding | None:
    if of_another_language(name):
        return NOT_IN_PYTHON.found(
            "Its name is of another language.",
            name=name,
            instead="it belongs to another service",
        )
    near = difflib.get_close_matches(name.upper(), KNOWN, n=1, cutoff=0.8)
    # Whose name may be anything is told only what is one slip away.
    slip = difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.95)
    if belongs_to_others(name) and not slip:
        return None
    nearest = f"{near[0]} is the nearest that there is." if near else f"Unset {name}."
    return UNKNOWN.found("Only its name was looked at.", name=name, nearest=nearest)


def _without_effect(
    environment: Mapping[str, str], service: Service
) -> Iterator[Finding]:
    for name in environment:
        if name in UNREAD:
            yield NOT_IN_PYTHON.found("It is set.", name=name, instead=UNREAD[name])
        elif _is_unread(name, service) and environment[name] != "none":
            yield NOT_READ_HERE.found("Nothing has read it.", name=name)
    for name, component in without_component(environment, service):
        if name not in UNREAD:
            yield NOTHING_TO_SET.found("It is set.", name=name, component=component)
    for name, argument, seen in overruled(environment, service):
        yield OVERRULED.found(_sentence(seen), name=name, argument=argument)
    yield from _contradictions(environment)


def _contradictions(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Find variables that others make useless."""
    if sampler := sampler_without_ratio(environment):
        yield NO_RATIO.found(f"The sampler is {sampler}.")
    for name, other in useless_insecure(environment):
        yield INSECURE.found("Both are set.", name=name, other=other)
    if has_two_names(environment):
        yield TWO_NAMES.found("Both are set.")


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _is_unread(name: str, service: Service) -> bool:
    """Whether a variable is for a configurator, and there was none."""
    # Without any provider there is a finding that says what is missing.
    return name in CONFIGURATORS and bool(service.of("traces")) and not configured()


def configured() -> bool:
    """Whether a configurator of the SDK's has been at work in this process."""
    return "opentelemetry.sdk._configuration" in sys.modules
