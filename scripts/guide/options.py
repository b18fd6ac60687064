"""The reference page of options and environment variables, from the code itself."""

from __future__ import annotations

import re
from typing import Any, Final

import griffe

from faststream_otel.nats import NatsTelemetryMiddleware
from guide.variables import sections

HEAD: Final = """\
---
description: Every option of the middlewares, and the environment variables that matter.
---

<!-- Written by scripts/update. To change it, change the docstring or scripts/guide/options.py. -->

# Options and environment variables

The six middlewares have the same options, and all of them are keyword arguments.
The options are checked when the middleware is made: a wrong value raises there, and not at the first message.

An argument takes precedence over its environment variable.

## Options
"""

# What a reader calls the types that the code has names for.
TYPES: Final = {
    "IncomingOption": '`"continue"`, `"link"` or `"ignore"`',
    "BaggageKeys | None": "A collection of `str`, or a function from `str` to `bool`",
    "Iterable[str] | None": "A list of `str`",
    "Hook | None": "A function of two arguments",
}

# A value that the option refuses. Providers are not looked at.
REFUSED: Final[dict[str, object]] = {
    "propagator": "b3",
    "incoming": "follow",
    "baggage_keys": "tenant",
    "capture_headers": "tenant",
    "exclude": "logs.*",
    "publish_hook": "enrich",
    "consume_hook": "enrich",
    "create_spans": "yes",
    "settle_spans": "yes",
    "record_body_size": "yes",
    "record_queue_time": "yes",
}

# Variables that set what no option does.
MEANS: Final = {
    "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN": "Whether exceptions are recorded as events "
    "of spans, as log events (`logs`) or as both (`logs/dup`): see [logs](../logs.md).",
}

VARIABLE: Final = re.compile(r"`(OTEL_\w+)`")

ENVIRONMENT: Final = """\
## Environment variables of OpenTelemetry

The SDK, its exporters and `opentelemetry-instrument` read these variables; this package does not.
The variables of the SDK and of the exporters also apply to a provider that is made in code.
[OpenTelemetry's documentation](https://opentelemetry.io/docs/languages/sdk-configuration/) lists more.
"""


def docstring() -> dict[str, Any]:
    """Give the options as the docstring of the middleware has them, by name."""
    made: Any = griffe.load("faststream_otel._middleware")["TelemetryMiddleware"]
    (section,) = (
        section.value
        for section in made["__init__"].docstring.parse("google")
        if section.kind.value == "parameters"
    )
    return {each.name: each for each in section}


def page() -> str:
    """Write the page."""
    options = map(entry, docstring().values())
    return "\n".join([HEAD, *options, own_variables(), ENVIRONMENT, sections()])


def entry(option: Any) -> str:
    """Write what an option takes, what it does and what it refuses."""
    annotation = str(option.annotation)
    words = TYPES.get(annotation, f"`{annotation.removesuffix(' | None')}`")
    default = f"`{option.value.replace(chr(39), chr(34))}`"
    paragraphs = [" ".join(option.description.split()), f"{words}; default {default}."]
    if option.name in REFUSED:
        error, name = refusal(option.name), type(refusal(option.name)).__name__
        paragraphs.append(f"A wrong value raises `{name}`: {escaped(str(error))}")
    # A heading: what is searched for by its name is found there.
    return (
        "\n\n".join([f"### `{option.name}` {{ #{option.name} }}", *paragraphs]) + "\n"
    )


def escaped(message: str) -> str:
    """Give an error as code."""
    assert "`" not in message
    return f"`{message}`"


def refusal(option: str) -> Exception:
    """Give the error that a wrong value raises."""
    options: Any = {option: REFUSED[option]}
    try:
        NatsTelemetryMiddleware(**options)
    except (TypeError, ValueError) as error:
        return error
    raise AssertionError(f"{option} takes {REFUSED[option]!r}")


def variables() -> dict[str, str]:
    """Give the variables that options can come from, with their option."""
    return {
        variable: option.name
        for option in docstring().values()
        for variable in VARIABLE.findall(option.description)
    }


def own_variables() -> str:
    """Write which variables this package reads."""
    entries = []
    for variable, option in variables().items():
        means = MEANS.get(variable, f"The option [`{option}`](#{option}).")
        entries.append(f"### `{variable}`\n\n{means}\n")
    return "\n".join(
        [
            "## Environment variables of this package\n",
            "The middleware reads them when it is made.\n",
            *entries,
        ]
    )
