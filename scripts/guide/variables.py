"""OpenTelemetry's environment variables, with the defaults of what is installed."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest import mock

from opentelemetry import propagate
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.distro import OpenTelemetryDistro
from opentelemetry.exporter import prometheus
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as OverGrpc,
)
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as OverHttp,
)
from opentelemetry.exporter.zipkin.json import ZipkinExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    ConsoleMetricExporter,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.trace import SpanLimits, TracerProvider, sampling
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Variable(NamedTuple):
    """What is said of a variable, or of several that belong together."""

    name: str
    words: str
    # In Markdown, from the code that reads it.
    default: Callable[[], str] | None = None


def code(value: object) -> str:
    """Give a value as it would be written into the variable."""
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def service_default() -> str:
    """The service of a provider that was made without one."""
    resource = TracerProvider(shutdown_on_exit=False).resource
    return code(resource.attributes["service.name"])


def sampler_default() -> str:
    """The sampler of a provider that was made without one."""
    sampler = TracerProvider(shutdown_on_exit=False).sampler
    known: dict[str, Any] = sampling._KNOWN_SAMPLERS
    return code(next(name for name, each in known.items() if each is sampler))


def propagators_default() -> str:
    """The propagators that are used when none is configured."""
    known = {
        TraceContextTextMapPropagator: "tracecontext",
        W3CBaggagePropagator: "baggage",
    }
    composite: Any = propagate.get_global_textmap()
    return code(",".join(known[type(each)] for each in composite._propagators))


def interval_default() -> str:
    """How often metrics are exported, in milliseconds."""
    reader = PeriodicExportingMetricReader(ConsoleMetricExporter(out=io.StringIO()))
    MeterProvider([reader], shutdown_on_exit=False).shutdown()
    return code(int(reader._export_interval_millis))


def endpoint_default() -> str:
    """Where the exporters for OTLP send, by either way."""
    grpc: Any = OverGrpc()
    http: Any = OverHttp()
    grpc.shutdown()
    http.shutdown()
    base = http._endpoint.removesuffix("/v1/traces")
    return f"{code(f'http://{grpc._endpoint}')}, over HTTP {code(base)}"


def timeout_default() -> str:
    """How long the exporters for OTLP try."""
    grpc: Any = OverGrpc()
    http: Any = OverHttp()
    grpc.shutdown()
    http.shutdown()
    assert grpc._timeout == http._client._timeout
    return code(grpc._timeout)


def of_zipkin(attribute: str) -> str:
    """A setting of the exporter for Zipkin."""
    exporter = ZipkinExporter()
    exporter.shutdown()
    return code(getattr(exporter, attribute))


def prometheus_default() -> str:
    """Where `opentelemetry-instrument` lets Prometheus ask."""
    with mock.patch.object(prometheus, "start_http_server") as start:
        prometheus._AutoPrometheusMetricReader().shutdown()
    served = start.call_args.kwargs
    return f"{code(served['addr'])}, {code(served['port'])}"


def distro_default(name: str) -> str:
    """What `opentelemetry-instrument` sets, if nobody else does."""
    with mock.patch.dict(os.environ):
        os.environ.pop(name, None)
        distro: Any = OpenTelemetryDistro()
        distro._configure()
        return code(os.environ[name])


_batch: Any = BatchSpanProcessor

OF_THE_SDK: Final = (
    Variable(
        "OTEL_SDK_DISABLED",
        "With `true`, nothing is recorded; context still goes on.",
        lambda: code("false"),
    ),
    Variable("OTEL_SERVICE_NAME", "The name of the service.", service_default),
    Variable("OTEL_RESOURCE_ATTRIBUTES", "What else is true of it: `key=value,…`."),
    Variable(
        "OTEL_PROPAGATORS",
        "How context travels in headers, unless the option `propagator` says it.",
        propagators_default,
    ),
    Variable("OTEL_TRACES_SAMPLER", "Which traces are recorded.", sampler_default),
    Variable("OTEL_TRACES_SAMPLER_ARG", "Its argument, such as a ratio."),
    Variable(
        "OTEL_BSP_SCHEDULE_DELAY",
        "How long a span waits in the queue of `BatchSpanProcessor`, at most: "
        "milliseconds.",
        lambda: code(_batch._default_schedule_delay_millis()),
    ),
    Variable(
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "How many spans wait there. When there are more, the oldest are dropped.",
        lambda: code(_batch._default_max_queue_size()),
    ),
    Variable(
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "So many spans are sent at once, without waiting.",
        lambda: code(_batch._default_max_export_batch_size()),
    ),
    Variable(
        "OTEL_METRIC_EXPORT_INTERVAL",
        "Milliseconds between two exports of metrics.",
        interval_default,
    ),
    Variable(
        "OTEL_SPAN_LINK_COUNT_LIMIT",
        "Links of one span. A larger batch keeps its last ones.",
        lambda: code(SpanLimits().max_links),
    ),
    Variable(
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "Attributes of one span.",
        lambda: code(SpanLimits().max_span_attributes),
    ),
)

OF_EXPORTERS: Final = (
    Variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "Where to. Over HTTP, `/v1/traces` and the like is added.",
        endpoint_default,
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "`name=value,name=value`, percent-encoded: for the keys of vendors.",
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "Seconds for a batch, with all that is tried again.",
        timeout_default,
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_COMPRESSION",
        "`gzip` takes less of the network and more of the processor.",
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "The file of a certificate to trust, for an endpoint with `https://`, in place "
        "of what the system trusts. Over HTTP, `REQUESTS_CA_BUNDLE` and "
        "`CURL_CA_BUNDLE` come before it.",
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, OTEL_EXPORTER_OTLP_CLIENT_KEY",
        "The files of the service's own certificate and key.",
    ),
    Variable(
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
        "Where to.",
        lambda: of_zipkin("endpoint"),
    ),
    Variable(
        "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
        "Seconds for one request.",
        lambda: of_zipkin("timeout"),
    ),
)

OF_THE_COMMAND: Final = (
    Variable(
        "OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER, OTEL_LOGS_EXPORTER",
        "Where spans, metrics and logs go: `otlp`, `console`, `none`, or "
        "[another exporter](../exporting.md#choose-an-exporter).",
        lambda: distro_default("OTEL_TRACES_EXPORTER"),
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "What the name `otlp` means; the other is `http/protobuf`.",
        lambda: distro_default("OTEL_EXPORTER_OTLP_PROTOCOL"),
    ),
    Variable(
        "OTEL_EXPORTER_PROMETHEUS_HOST, OTEL_EXPORTER_PROMETHEUS_PORT",
        "Where Prometheus asks.",
        prometheus_default,
    ),
    Variable(
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
        "What it leaves alone, such as `faststream`.",
    ),
)

AFTER_EXPORTERS: Final = """\
Those of OTLP exist for each signal too, as `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`.
Over HTTP, that one is the whole address: nothing is added.
"""

BEFORE_THE_COMMAND: Final = """\
`opentelemetry-instrument` reads these besides.
Every variable is an option of it: `OTEL_EXPORTER_OTLP_ENDPOINT` is `--exporter_otlp_endpoint`.
"""

# By their headings, with what is said before and after them.
SECTIONS: Final[dict[str, tuple[str, Sequence[Variable], str]]] = {
    "The SDK": ("", OF_THE_SDK, ""),
    "Exporters": (
        "Arguments of an exporter come before its variables.\n",
        OF_EXPORTERS,
        AFTER_EXPORTERS,
    ),
    "The command": (BEFORE_THE_COMMAND, OF_THE_COMMAND, ""),
}


def sections() -> str:
    """Write what each variable sets, and its default that is in use."""
    parts = []
    for heading, (before, variables, after) in SECTIONS.items():
        parts += [f"### {heading}\n", before, *map(entry, variables), after]
    return "\n".join(filter(None, parts))


def entry(variable: Variable) -> str:
    """Write of one variable."""
    names = ", ".join(map(code, variable.name.split(", ")))
    default = f" Default: {variable.default()}." if variable.default else ""
    return f"{names}\n:   {variable.words}{default}\n"
