"""Environment variables: each fault alone, and mended."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider, sampling
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from faststream_otel.doctor import _environment, _variables
from tests.examined import codes, facts, found, service, tracing, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "s3cr3t"  # noqa: S105 - so that it would be seen
MODULES = (
    "opentelemetry.environment_variables",
    "opentelemetry.sdk.environment_variables",
    "opentelemetry.instrumentation.environment_variables",
    "opentelemetry.instrumentation.logging.environment_variables",
)


@pytest.fixture(autouse=True)
def is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under `opentelemetry-instrument`."""
    monkeypatch.setattr(_environment, "configured", lambda: True)


@pytest.fixture(autouse=True)
def logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The instrumentation of logging has been loaded, or what stands in for it."""
    name = "opentelemetry.instrumentation.logging"
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(name)
    monkeypatch.setitem(sys.modules, name, sys.modules.get(name, sys))


@pytest.fixture(autouse=True)
def no_variables() -> Iterator[None]:
    """Nothing of the machine's has a say."""
    with variables():
        yield


def outcome(*providers: Any, **environment: str) -> str:
    """Give the codes of what is found about variables."""
    return ", ".join(codes(_environment, service(*providers, environment=environment)))


@pytest.mark.parametrize("module", MODULES)
def test_all_that_python_has_are_known(module: str) -> None:
    """Those of the packages that are installed: none is missing."""
    try:
        there = importlib.import_module(module)
    except ModuleNotFoundError:
        pytest.skip(f"{module} is not installed")
    names = {
        value
        for value in vars(there).values()
        if isinstance(value, str) and value.startswith("OTEL_")
    }
    assert names
    assert not names - set(_variables.KNOWN)


def test_ours_are_known() -> None:
    """Those that a middleware reads."""
    from faststream_otel import _exceptions, _options

    ours = {
        value
        for module in (_exceptions, _options)
        for value in vars(module).values()
        if isinstance(value, str) and value.startswith("OTEL_")
    }
    assert len(ours) >= 1
    assert not ours - set(_variables.KNOWN)


def test_nothing_is_set() -> None:
    """Nothing is found, and nothing is told."""
    assert not list(_environment.check(service(environment={"PATH": "/bin"})))


def test_names_are_told() -> None:
    """And no value."""
    environment = {"OTEL_SERVICE_NAME": SECRET, "OTEL_RESOURCE_ATTRIBUTES": "a=b"}
    told = facts(_environment, service(environment=environment))
    assert told == {"Variables": "OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME"}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPIONT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("OTEL_EXPORTER_OTLP_TRACE_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
        ("OTEL_TRACE_EXPORTER", "OTEL_TRACES_EXPORTER"),
        ("OTEL_TRACE_SAMPLER", "OTEL_TRACES_SAMPLER"),
        ("OTEL_SERVICENAME", "OTEL_SERVICE_NAME"),
        ("otel_service_name", "OTEL_SERVICE_NAME"),
        ("OTEL_PYTHON_FASTSTREAM_EXCLUDED_DESTINATION", "DESTINATIONS"),
        ("OTEL_INSTRUMENTATION_MESSAGING_EXPERIMENTAL_HEADER_INCLUDED", "HEADERS"),
        ("OTEL_WHATEVER_IT_IS", "Unset OTEL_WHATEVER_IT_IS"),
    ],
)
def test_unknown(name: str, nearest: str) -> None:
    """The nearest is named, and the value is not."""
    (finding,) = found(_environment, service(environment={name: SECRET}))
    assert finding.code == "FSO601"
    assert nearest in finding.remedy
    assert SECRET not in str(finding)


@pytest.mark.parametrize(
    "name",
    [
        "OTEL_COLLECTOR_SERVICE_HOST",
        "OTEL_COLLECTOR_SERVICE_PORT_OTLP_GRPC",
        "OTEL_COLLECTOR_PORT",
        "OTEL_COLLECTOR_PORT_4317_TCP_ADDR",
        "OTEL_RESOURCE_ATTRIBUTES_POD_NAME",
        "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS",
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST",
    ],
)
def test_others_variables(name: str) -> None:
    """Kubernetes, its operator and instrumentations have theirs."""
    assert not outcome(**{name: "x"})


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("OTEL_SDK_DISABLED", "1", "true"),
        ("OTEL_PYTHON_LOG_CORRELATION", "yes", "True"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many", "2048"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "1"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s", "5000"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1m", "60000"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "10"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip", "gzip"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://x:4317", "http://x:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://", "http://x"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://x:otlp", "http://x:4317"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file", __file__),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization: x", "authorization=x"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=b;c=d", "a=b,c=d"),
        ("OTEL_EXPORTER_OTLP_HEADERS", 'a="b"', "a=b"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=Bearer x\u00e9", "a=Bearer x"),
        ("OTEL_RESOURCE_ATTRIBUTES", "env:prod", "env=prod,team=a%20b"),
        ("OTEL_RESOURCE_ATTRIBUTES", "=prod", "env=prod"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "-1", "unset"),
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "99999", "9464"),
        ("OTEL_METRICS_EXEMPLAR_FILTER", "on", "always_on"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
            "increments",
            "Delta",
        ),
        ("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", "log", "logs"),
    ],
)
def test_malformed(name: str, wrong: str, right: str) -> None:
    """The wrong value gives one finding, and the right one none."""
    (finding,) = found(_environment, service(environment={name: wrong}))
    assert finding.code == "FSO602"
    assert not outcome(**{name: right})
    example = finding.remedy.partition("=")[2].removesuffix(", or unset it")
    if example[0] not in "./":
        assert not outcome(**{name: example})


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("OTEL_TRACES_EXPORTER", "oltp", "none"),
        ("OTEL_TRACES_EXPORTER", "tree,jaeger", "tree"),
        ("OTEL_PROPAGATORS", "tracecontext,b4", "tracecontext, baggage"),
        ("OTEL_PYTHON_ID_GENERATOR", "x-ray", "random"),
    ],
)
def test_not_installed(name: str, wrong: str, right: str) -> None:
    """Names of what has to be installed."""
    assert outcome(**{name: wrong}) == "FSO603"
    assert not outcome(**{name: right.lower()})


def test_sampler_that_is_not_installed() -> None:
    """The SDK takes its default, and the rest is set up."""
    assert outcome(OTEL_TRACES_SAMPLER="always") == "FSO602"
    assert not outcome(OTEL_TRACES_SAMPLER="always_on")


@pytest.mark.parametrize("value", ['"shop"', "'shop'", "shop ", " shop", "shop\r"])
def test_quotes_and_blanks(value: str) -> None:
    """As they come from files of variables."""
    assert outcome(OTEL_SERVICE_NAME=value) == "FSO604"
    assert not outcome(OTEL_SERVICE_NAME=value.strip("'\" \r"))


@pytest.mark.parametrize("value", ["collector:4317", "collector", "localhost:4318/v1"])
def test_no_scheme(value: str) -> None:
    """The commonest slip in an address."""
    name = "OTEL_EXPORTER_OTLP_ENDPOINT"
    (finding,) = found(_environment, service(environment={name: value}))
    assert finding.code == "FSO605"
    assert finding.remedy.startswith(f"{name}=http://{value},")
    assert not outcome(**{name: f"http://{value}"})


@pytest.mark.parametrize(
    ("name", "wrong", "right", "code", "words"),
    [
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10000", "10", "FSO606", "167 minutes"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5", "5000", "FSO613", "200 times a second"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "60", "60000", "FSO613", "milliseconds"),
    ],
)
def test_units(name: str, wrong: str, right: str, code: str, words: str) -> None:
    """Seconds and milliseconds."""
    (finding,) = found(_environment, service(environment={name: wrong}))
    assert finding.code == code
    assert words in finding.title
    assert f"{name}={right}," in finding.remedy
    assert not outcome(**{name: right})


def test_a_path_of_one_signal() -> None:
    """Where there should be none."""
    where = "http://x:4318"
    name = "OTEL_EXPORTER_OTLP_ENDPOINT"
    assert outcome(**{name: f"{where}/v1/traces"}) == "FSO607"
    assert not outcome(**{name: where})
    assert not outcome(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{where}/v1/traces")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_TRACES_EXPORTER", "tree"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "redis"),
    ],
)
def test_not_read_here(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """By an application that makes its providers itself."""
    with tracing(BatchSpanProcessor(InMemorySpanExporter())) as provider:
        environment = {name: value}
        assert not outcome(provider, **environment)
        monkeypatch.setattr(_environment, "configured", lambda: False)
        assert outcome(provider, **environment) == "FSO608"
    # Without a provider it may be that nobody started it as it should be.
    assert not outcome(**environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://x:4317"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=b"),
        ("OTEL_EXPORTER_ZIPKIN_ENDPOINT", "http://x:9411/api/v2/spans"),
        ("OTEL_BSP_SCHEDULE_DELAY", "500"),
    ],
)
def test_nothing_to_set(name: str, value: str) -> None:
    """What is meant for a part that is not there."""
    with tracing(SimpleSpanProcessor(InMemorySpanExporter())) as provider:
        assert outcome(provider, **{name: value}) == "FSO609"


def test_the_instrumentation_of_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """It alone reads its variables."""
    environment = {"OTEL_PYTHON_LOG_CORRELATION": "true"}
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.logging", sys)
    assert not outcome(**environment)
    monkeypatch.delitem(sys.modules, "opentelemetry.instrumentation.logging")
    assert outcome(**environment) == "FSO609"


def test_a_part_that_is_there() -> None:
    """What is meant for it has an effect; of other signals nothing is said."""
    with tracing(BatchSpanProcessor(InMemorySpanExporter())) as provider:
        assert not outcome(provider, OTEL_BSP_SCHEDULE_DELAY="500")
        assert not outcome(provider, OTEL_METRIC_EXPORT_INTERVAL="500")


def test_code_that_says_something_else() -> None:
    """It wins over the sampler and the name."""
    names = {"OTEL_SERVICE_NAME": "shop", "OTEL_TRACES_SAMPLER": "always_on"}
    with variables(**names):
        assert not outcome(TracerProvider(), **names)
    on = TracerProvider(sampling.ALWAYS_ON, Resource({"service.name": "shop"}))
    assert not outcome(on, **names)
    off = TracerProvider(sampling.ALWAYS_OFF, Resource({"service.name": "shop"}))
    assert outcome(off, **names) == "FSO610"
    called = TracerProvider(sampling.ALWAYS_ON, Resource({"service.name": "till"}))
    (finding,) = found(_environment, service(called, environment=names))
    assert finding.code == "FSO610"
    assert "'till'" in finding.seen


def test_an_address_that_code_gives() -> None:
    """It wins over the environment's."""
    exporters = pytest.importorskip(
        "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        reason="only the newest versions come with the exporter",
    )
    name = "OTEL_EXPORTER_OTLP_ENDPOINT"
    with variables(**{name: "http://x:4318"}) as environment:
        with tracing(BatchSpanProcessor(exporters.OTLPSpanExporter())) as provider:
            assert not outcome(provider, **environment)
        given = exporters.OTLPSpanExporter("http://y:4318/v1/traces")
        with tracing(BatchSpanProcessor(given)) as provider:
            (finding,) = found(_environment, service(provider, environment=environment))
    assert finding.code == "FSO610"
    assert "http://y:4318/v1/traces" in finding.seen


@pytest.mark.parametrize(
    "name",
    ["OTEL_LOG_LEVEL", "OTEL_BSP_EXPORT_TIMEOUT", "OTEL_NODE_RESOURCE_DETECTORS"],
)
def test_not_in_python(name: str) -> None:
    """What the specification has, or another language."""
    assert outcome(**{name: "1000"}) == "FSO611"


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({"SAMPLER": "always_on", "SAMPLER_ARG": "0.1"}, "FSO612"),
        ({"SAMPLER_ARG": "0.1"}, "FSO612"),
        ({"SAMPLER": "traceidratio", "SAMPLER_ARG": "0.1"}, ""),
        ({"SAMPLER": "traceidratio", "SAMPLER_ARG": "10"}, "FSO602"),
        ({"SAMPLER": "traceidratio", "SAMPLER_ARG": "10%"}, "FSO602"),
        ({"SAMPLER": "parentbased_traceidratio"}, "FSO602"),
    ],
)
def test_samplers(environment: dict[str, str], code: str) -> None:
    """A ratio and its argument belong together."""
    named = {f"OTEL_TRACES_{name}": value for name, value in environment.items()}
    assert outcome(**named) == code


def test_contradictions() -> None:
    """Two variables of which one is useless."""
    insecure = {"OTEL_EXPORTER_OTLP_INSECURE": "true"}
    endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
    assert outcome(**insecure, **{endpoint: "https://x:4317"}) == "FSO614"
    assert not outcome(**insecure, **{endpoint: "http://x:4317"})
    attributes = {"OTEL_RESOURCE_ATTRIBUTES": "service.name=till,a=b"}
    assert outcome(**attributes, OTEL_SERVICE_NAME="shop") == "FSO615"
    assert not outcome(**attributes)


@pytest.mark.parametrize(
    "value",
    [
        f"http://user:{SECRET}@x:4317/?token={SECRET}",
        f"user:{SECRET}@x:4317",
        f"https://user:{SECRET}@x:port",
        f'"authorization=Bearer {SECRET}"',
        f"authorization: {SECRET}, x-key={SECRET};",
        f"db.password={SECRET},x={SECRET}",
    ],
)
def test_secrets_are_kept(value: str) -> None:
    """Wherever somebody writes what may have one."""
    for name in (*_variables.KNOWN, "OTEL_EXPORTER_OTLP_HEADER"):
        examined = service(environment={name: value})
        assert SECRET not in str(list(_environment.check(examined))), name
