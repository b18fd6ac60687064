"""The reference page of options and environment variables, from the code itself."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, Final

import griffe
from opentelemetry import propagate
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.environment_variables import (
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
    OTEL_BSP_MAX_QUEUE_SIZE,
    OTEL_BSP_SCHEDULE_DELAY,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    ConsoleMetricExporter,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.trace import SpanLimits, TracerProvider, sampling
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from faststream_otel.nats import NatsTelemetryMiddleware

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD: Final = """\
---
description: Every option of the middlewares, and the environment variables that matter.
---

<!-- Written by scripts/update. To change it, change the docstring or tests/docs/options.py. -->

# Options and environment variables

The six middlewares have the same options, all of them by keyword.
They are checked when the middleware is made: what makes no sense raises there, and not at the first message.

An argument wins over its environment variable.

## Options
"""  # noqa: E501

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
    "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN": "Whether exceptions are events of spans, "
    "log events (`logs`) or both (`logs/dup`): see [logs](../logs.md).",
}

VARIABLE: Final = re.compile(r"`(OTEL_\w+)`")

ENVIRONMENT: Final = """\
## Environment variables of OpenTelemetry

They are read by the SDK, by its exporters or by `opentelemetry-instrument`, and no code of this package.
Those of `BatchSpanProcessor` and of the exporters work for a provider that is made in code, too.

| Variable | Default | What it sets |
|---|---|---|
"""  # noqa: E501

END: Final = """\

Others are in [OpenTelemetry's list](https://opentelemetry.io/docs/languages/sdk-configuration/).
"""


def sampler_default() -> str:
    """The sampler of a provider that was made without one."""
    sampler = TracerProvider(shutdown_on_exit=False).sampler
    known: dict[str, Any] = sampling._KNOWN_SAMPLERS
    return next(name for name, each in known.items() if each is sampler)


def propagators_default() -> str:
    """The propagators that are used when none is configured."""
    known = {
        TraceContextTextMapPropagator: "tracecontext",
        W3CBaggagePropagator: "baggage",
    }
    composite: Any = propagate.get_global_textmap()
    return ",".join(known[type(each)] for each in composite._propagators)


def interval_default() -> int:
    """How often metrics are exported, in milliseconds."""
    reader = PeriodicExportingMetricReader(ConsoleMetricExporter(out=io.StringIO()))
    MeterProvider([reader], shutdown_on_exit=False).shutdown()
    return int(reader._export_interval_millis)


# Each with its default, as the SDK that is installed has it.
VARIABLES: Final[dict[str, tuple[Callable[[], object] | None, str]]] = {
    "OTEL_SDK_DISABLED": (
        lambda: "false",
        "`true`: nothing is recorded; context still goes on.",
    ),
    "OTEL_SERVICE_NAME": (
        lambda: TracerProvider(shutdown_on_exit=False).resource.attributes[
            "service.name"
        ],
        "The name of the service.",
    ),
    "OTEL_RESOURCE_ATTRIBUTES": (None, "What else is true of it: `key=value,…`."),
    "OTEL_PROPAGATORS": (
        propagators_default,
        "How context travels in headers, unless the option `propagator` says it.",
    ),
    "OTEL_TRACES_SAMPLER": (sampler_default, "Which traces are recorded."),
    "OTEL_TRACES_SAMPLER_ARG": (None, "Its argument, such as a ratio."),
    "OTEL_EXPORTER_OTLP_ENDPOINT": (
        lambda: "http://" + str(OTLPSpanExporter()._endpoint),
        "Where OTLP goes; by HTTP the port is 4318.",
    ),
    "OTEL_EXPORTER_OTLP_HEADERS": (None, "Headers such as an API key."),
    "OTEL_EXPORTER_OTLP_TIMEOUT": (
        lambda: OTLPSpanExporter()._timeout,
        "Seconds for one export with its retries.",
    ),
    OTEL_BSP_MAX_QUEUE_SIZE: (
        BatchSpanProcessor._default_max_queue_size,
        "Spans that wait; when there are more, the oldest are dropped.",
    ),
    OTEL_BSP_SCHEDULE_DELAY: (
        BatchSpanProcessor._default_schedule_delay_millis,
        "Milliseconds between two exports.",
    ),
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: (
        BatchSpanProcessor._default_max_export_batch_size,
        "Spans of one export.",
    ),
    "OTEL_METRIC_EXPORT_INTERVAL": (
        interval_default,
        "Milliseconds between two exports of metrics.",
    ),
    "OTEL_SPAN_LINK_COUNT_LIMIT": (
        lambda: SpanLimits().max_links,
        "Links of one span. A larger batch keeps its last ones.",
    ),
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": (
        lambda: SpanLimits().max_span_attributes,
        "Attributes of one span.",
    ),
    "OTEL_TRACES_EXPORTER": (
        None,
        "`opentelemetry-instrument`: `otlp`, `console`, `none`, or our `tree`.",
    ),
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": (
        None,
        "`opentelemetry-instrument`: what it leaves alone, such as `faststream`.",
    ),
}


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
    return "\n".join(
        [HEAD, *map(entry, docstring().values()), own_variables(), environment()]
    )


def entry(option: Any) -> str:
    """Write what an option takes, what it does and what it refuses."""
    annotation = str(option.annotation)
    words = TYPES.get(annotation, f"`{annotation.removesuffix(' | None')}`")
    default = f"`{option.value.replace(chr(39), chr(34))}`"
    paragraphs = [" ".join(option.description.split()), f"{words}; default {default}."]
    if option.name in REFUSED:
        error, name = refusal(option.name), type(refusal(option.name)).__name__
        paragraphs.append(f"A wrong value raises `{name}`: {escaped(str(error))}")
    text = "\n\n    ".join(paragraphs)
    return f"`{option.name}` {{ #{option.name} }}\n:   {text}\n"


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
    rows = []
    for variable, option in variables().items():
        means = MEANS.get(variable, f"The option [`{option}`](#{option}).")
        rows.append(f"| `{variable}` | {means} |")
    return "\n".join(
        [
            "## Environment variables of this package\n",
            "They are read when a middleware is made.\n",
            "| Variable | What it sets |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def environment() -> str:
    """Write the variables of OpenTelemetry, with the defaults that are in use."""
    rows = []
    for name, (default, words) in VARIABLES.items():
        value = f"`{default()}`" if default else "—"
        rows.append(f"| `{name}` | {value} | {words} |\n")
    return ENVIRONMENT + "".join(rows) + END
