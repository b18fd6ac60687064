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
        "With `true`, nothing is recorded; contexts are still passed on.",
        lambda: code("false"),
    ),
    Variable("OTEL_SERVICE_NAME", "The name of the service.", service_default),
    Variable(
        "OTEL_RESOURCE_ATTRIBUTES", "More attributes of the service: `key=value,…`."
    ),
    Variable(
        "OTEL_PROPAGATORS",
        "How context travels in headers, unless the option `propagator` is set.",
        propagators_default,
    ),
    Variable("OTEL_TRACES_SAMPLER", "Which traces are recorded.", sampler_default),
    Variable(
        "OTEL_TRACES_SAMPLER_ARG", "The argument of that sampler, such as a ratio."
    ),
    Variable(
        "OTEL_BSP_SCHEDULE_DELAY",
        "The longest time that a span waits in the queue of `BatchSpanProcessor`, in "
        "milliseconds.",
        lambda: code(_batch._default_schedule_delay_millis()),
    ),
    Variable(
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "The size of that queue. When it is full, the oldest spans are dropped.",
        lambda: code(_batch._default_max_queue_size()),
    ),
    Variable(
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "When this many spans are in the queue, they are sent without waiting.",
        lambda: code(_batch._default_max_export_batch_size()),
    ),
    Variable(
        "OTEL_METRIC_EXPORT_INTERVAL",
        "Milliseconds between two exports of metrics.",
        interval_default,
    ),
    Variable(
        "OTEL_SPAN_LINK_COUNT_LIMIT",
        "The most links of one span. The span of a larger batch keeps the last ones.",
        lambda: code(SpanLimits().max_links),
    ),
    Variable(
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "The most attributes of one span.",
        lambda: code(SpanLimits().max_span_attributes),
    ),
)

OF_EXPORTERS: Final = (
    Variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "The address to send to. Over HTTP, the exporter adds `/v1/traces` or similar.",
        endpoint_default,
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "`name=value,name=value`, percent-encoded: for example, the key of a vendor.",
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "The time for one batch, including retries, in seconds.",
        timeout_default,
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_COMPRESSION",
        "`gzip` needs less bandwidth and more CPU time.",
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "The file of a certificate to trust, for an endpoint with `https://`, in place "
        "of the certificates that the system trusts. Over HTTP, `REQUESTS_CA_BUNDLE` "
        "and `CURL_CA_BUNDLE` take precedence.",
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, OTEL_EXPORTER_OTLP_CLIENT_KEY",
        "The files of the service's own certificate and key.",
    ),
    Variable(
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
        "The address to send to.",
        lambda: of_zipkin("endpoint"),
    ),
    Variable(
        "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
        "The time for one request, in seconds.",
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
        "The protocol of the exporter `otlp`: `grpc` or `http/protobuf`.",
        lambda: distro_default("OTEL_EXPORTER_OTLP_PROTOCOL"),
    ),
    Variable(
        "OTEL_EXPORTER_PROMETHEUS_HOST, OTEL_EXPORTER_PROMETHEUS_PORT",
        "The address at which Prometheus fetches metrics.",
        prometheus_default,
    ),
    Variable(
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
        "Names of instrumentations that are not loaded, such as `faststream`.",
    ),
)

AFTER_EXPORTERS: Final = """\
Each OTLP variable also exists for a single signal, such as `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`.
Over HTTP, that variable holds the complete address: nothing is added to it.
"""

BEFORE_THE_COMMAND: Final = """\
`opentelemetry-instrument` reads these variables as well.
Every variable is also one of its options: `OTEL_EXPORTER_OTLP_ENDPOINT` is `--exporter_otlp_endpoint`.
"""

# By their headings, with what is said before and after them.
SECTIONS: Final[dict[str, tuple[str, Sequence[Variable], str]]] = {
    "The SDK": ("", OF_THE_SDK, ""),
    "Exporters": (
        "An argument of an exporter takes precedence over its variable.\n",
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
