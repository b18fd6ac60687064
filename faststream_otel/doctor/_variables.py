"""OpenTelemetry's environment variables: the specification's, Python's and our own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from faststream_otel.doctor import _values as values

if TYPE_CHECKING:
    from faststream_otel.doctor._values import Check

_SIGNALS: Final = ("TRACES", "METRICS", "LOGS")
_SAMPLERS: Final = (
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
)
_WHOLE: Final = values.number(whole=True)
_SOME: Final = values.number(1, whole=True)

# Of each of these there is one for all signals and one for each.
_OTLP: Final[dict[str, Check]] = {
    "CERTIFICATE": values.file,
    "CLIENT_CERTIFICATE": values.file,
    "CLIENT_KEY": values.file,
    "COMPRESSION": values.one_of("gzip", "deflate", "none"),
    "ENDPOINT": values.address,
    "HEADERS": values.headers,
    "INSECURE": values.boolean,
    "PROTOCOL": values.one_of("grpc", "http/protobuf"),
    "TIMEOUT": values.number(),
}
_CREDENTIALS: Final = ("", "TRACES_", "METRICS_", "LOGS_")

KNOWN: Final[dict[str, Check]] = {
    **{f"OTEL_EXPORTER_OTLP_{name}": check for name, check in _OTLP.items()},
    **{
        f"OTEL_EXPORTER_OTLP_{signal}_{name}": check
        for signal in _SIGNALS
        for name, check in _OTLP.items()
    },
    **{
        f"OTEL_{signal}_EXPORTER": values.installed(
            f"opentelemetry_{signal.lower()}_exporter", "none"
        )
        for signal in _SIGNALS
    },
    **{
        f"OTEL_{kind}_{name}": check
        for kind in ("BSP", "BLRP")
        for name, check in {
            "EXPORT_TIMEOUT": _WHOLE,
            "MAX_EXPORT_BATCH_SIZE": _SOME,
            "MAX_QUEUE_SIZE": _SOME,
            "SCHEDULE_DELAY": _SOME,
        }.items()
    },
    **{
        f"OTEL_{name}_LIMIT": values.limit
        for name in (
            "ATTRIBUTE_COUNT",
            "ATTRIBUTE_VALUE_LENGTH",
            "EVENT_ATTRIBUTE_COUNT",
            "LINK_ATTRIBUTE_COUNT",
            "LOGRECORD_ATTRIBUTE_COUNT",
            "LOGRECORD_ATTRIBUTE_VALUE_LENGTH",
            "SPAN_ATTRIBUTE_COUNT",
            "SPAN_ATTRIBUTE_VALUE_LENGTH",
            "SPAN_EVENT_COUNT",
            "SPAN_LINK_COUNT",
        )
    },
    **{
        f"OTEL_PYTHON_EXPORTER_OTLP_{protocol}_{signal}CREDENTIAL_PROVIDER": (
            values.installed("opentelemetry_otlp_credential_provider", several=False)
        )
        for protocol in ("GRPC", "HTTP")
        for signal in _CREDENTIALS
    },
    **{
        f"OTEL_PYTHON_{signal}_CONFIGURATOR": values.installed(
            f"_opentelemetry_{signal.lower()}_configurator", several=False
        )
        for signal in ("TRACER", "METER", "LOGGER")
    },
    **{
        f"OTEL_PYTHON_{signal}_PROVIDER": values.installed(
            f"opentelemetry_{signal.lower()}_provider", several=False
        )
        for signal in ("TRACER", "METER", "LOGGER", "EVENT_LOGGER")
    },
    "OTEL_CONFIG_FILE": values.file,
    "OTEL_ENTITIES": values.anything,
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": values.installed(
        "opentelemetry_resource_detector", "*"
    ),
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": values.one_of(
        "explicit_bucket_histogram", "base2_exponential_bucket_histogram"
    ),
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": values.one_of(
        "cumulative", "delta", "lowmemory"
    ),
    "OTEL_EXPORTER_PROMETHEUS_HOST": values.anything,
    "OTEL_EXPORTER_PROMETHEUS_PORT": values.port,
    "OTEL_EXPORTER_ZIPKIN_ENDPOINT": values.address,
    "OTEL_EXPORTER_ZIPKIN_TIMEOUT": values.number(),
    "OTEL_LOG_LEVEL": values.anything,
    "OTEL_METRICS_EXEMPLAR_FILTER": values.one_of(
        "always_on", "always_off", "trace_based"
    ),
    "OTEL_METRIC_EXPORT_INTERVAL": values.number(1),
    "OTEL_METRIC_EXPORT_TIMEOUT": values.number(),
    "OTEL_PROPAGATORS": values.installed("opentelemetry_propagator", "none"),
    "OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH": values.anything,
    "OTEL_PYTHON_CONFIGURATOR": values.installed(
        "opentelemetry_configurator", several=False
    ),
    "OTEL_PYTHON_CONTEXT": values.installed("opentelemetry_context", several=False),
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": values.anything,
    "OTEL_PYTHON_DISTRO": values.installed("opentelemetry_distro", several=False),
    "OTEL_PYTHON_EXPORTER_OTLP_GRPC_RETRYABLE_ERROR_CODES": values.anything,
    "OTEL_PYTHON_ID_GENERATOR": values.installed(
        "opentelemetry_id_generator", several=False
    ),
    "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": values.boolean,
    "OTEL_PYTHON_LOG_AUTO_INSTRUMENTATION": values.boolean,
    "OTEL_PYTHON_LOG_CODE_ATTRIBUTES": values.boolean,
    "OTEL_PYTHON_LOG_CORRELATION": values.boolean,
    "OTEL_PYTHON_LOG_FORMAT": values.anything,
    "OTEL_PYTHON_LOG_HANDLER_LEVEL": values.one_of(
        "notset", "debug", "info", "warning", "error", "critical"
    ),
    "OTEL_PYTHON_LOG_LEVEL": values.one_of("debug", "info", "warning", "error"),
    "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED": values.boolean,
    "OTEL_RESOURCE_ATTRIBUTES": values.attributes,
    "OTEL_SDK_DISABLED": values.boolean,
    "OTEL_SEMCONV_STABILITY_OPT_IN": values.anything,
    "OTEL_SERVICE_NAME": values.anything,
    "OTEL_TRACES_SAMPLER": values.installed(
        "opentelemetry_traces_sampler", *_SAMPLERS, several=False
    ),
    "OTEL_TRACES_SAMPLER_ARG": values.anything,
    # Ours.
    "OTEL_INSTRUMENTATION_MESSAGING_EXPERIMENTAL_HEADERS_INCLUDED": values.anything,
    "OTEL_PYTHON_FASTSTREAM_EXCLUDED_DESTINATIONS": values.anything,
    "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN": values.one_of("logs", "logs/dup"),
}

# Who reads these cannot be known here: instrumentations name theirs after themselves.
# Kubernetes sets the last for each service whose name begins with `otel-`.
_OTHERS: Final = re.compile(
    r"OTEL_PYTHON_\w+_EXCLUDED_URLS|OTEL_PYTHON_EXCLUDED_URLS"
    r"|OTEL_PYTHON_\w+_(TRACED_REQUEST_ATTRS|COMMENTER|COMMENTER_ENABLED)"
    r"|OTEL_(PYTHON_)?INSTRUMENTATION_\w+"
    r"|OTEL_RESOURCE_ATTRIBUTES_\w+|OTEL_NODE_IP|OTEL_POD_IP|OTEL_SEMCONV_\w+"
    r"|OTEL_\w*(_SERVICE_HOST|_SERVICE_PORT(_\w+)?|_PORT|_PORT_\d+_(TCP|UDP)(_\w+)?)"
)
# In Python nobody reads these, whatever the specification says.
UNREAD: Final = {
    "OTEL_BLRP_EXPORT_TIMEOUT": "OTEL_EXPORTER_OTLP_TIMEOUT bounds an export",
    "OTEL_BSP_EXPORT_TIMEOUT": "OTEL_EXPORTER_OTLP_TIMEOUT bounds an export",
    "OTEL_ENTITIES": "OTEL_RESOURCE_ATTRIBUTES is read",
    "OTEL_LOG_LEVEL": "logging.getLogger('opentelemetry').setLevel(...) does that",
}
_LANGUAGES: Final = re.compile(
    r"OTEL_(JAVAAGENT|JAVA|DOTNET|NODE|GO|PHP|RUBY|BROWSER|SWIFT|RUST|ERLANG)_\w+"
)
# Only `opentelemetry-instrument` reads these, or what else calls a configurator.
CONFIGURATORS: Final = frozenset(
    {
        "OTEL_CONFIG_FILE",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "OTEL_EXPORTER_PROMETHEUS_HOST",
        "OTEL_EXPORTER_PROMETHEUS_PORT",
        "OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH",
        "OTEL_PYTHON_CONFIGURATOR",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
        "OTEL_PYTHON_DISTRO",
        "OTEL_PYTHON_ID_GENERATOR",
        "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED",
        "OTEL_PYTHON_LOGGER_CONFIGURATOR",
        "OTEL_PYTHON_METER_CONFIGURATOR",
        "OTEL_PYTHON_TRACER_CONFIGURATOR",
        *(f"OTEL_{signal}_EXPORTER" for signal in _SIGNALS),
        *(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL" for signal in _SIGNALS),
    }
)


# By the check, or by what a name ends in.
_EXAMPLES: Final = {
    values.address: "http://collector:4318",
    values.attributes: "deployment.environment.name=production,team=shop",
    values.boolean: "true",
    values.file: "/path/to/file.pem",
    values.headers: "authorization=Bearer%20...,x-tenant=shop",
    values.limit: "128",
    values.port: "9464",
    _OTLP["COMPRESSION"]: "gzip",
    _OTLP["PROTOCOL"]: "http/protobuf",
    _OTLP["TIMEOUT"]: "10",
}
_NUMBERS: Final = {
    "_DELAY": "5000",
    "_INTERVAL": "60000",
    "_SIZE": "2048",
    "SAMPLER_ARG": "0.1",
}


def example_of(name: str) -> str:
    """Give a value that a variable can have."""
    for ends, example in _NUMBERS.items():
        if name.endswith(ends):
            return example
    return _EXAMPLES.get(KNOWN[name], "... as said above")


def belongs_to_others(name: str) -> bool:
    """Whether somebody else may read a variable."""
    return bool(_OTHERS.fullmatch(name))


def of_another_language(name: str) -> bool:
    """Whether a variable is one of OpenTelemetry for another language."""
    return bool(_LANGUAGES.fullmatch(name))
