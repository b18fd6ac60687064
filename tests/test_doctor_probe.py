"""The doctor sends a span, and says what became of it: each fault alone, and mended."""

from __future__ import annotations

import errno
import io
import logging
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from faststream.nats import NatsBroker
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import (
    OTLPLogExporter as LogsByGrpc,
)
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import (
    OTLPMetricExporter as MetricsByGrpc,
)
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as ByGrpc,
)
from opentelemetry.exporter.otlp.proto.http._log_exporter import (
    OTLPLogExporter as LogsByHttp,
)
from opentelemetry.exporter.otlp.proto.http.metric_exporter import (
    OTLPMetricExporter as MetricsByHttp,
)
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as ByHttp,
)
from opentelemetry.exporter.zipkin.json import ZipkinExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)

from faststream_otel.doctor import _examining, _probe, diagnose
from faststream_otel.nats import NatsTelemetryMiddleware
from servers.answering import (
    HOST,
    Certificates,
    nobody,
    over_grpc,
    over_http,
    saying,
)
from tests.examined import (
    codes,
    facts,
    found,
    logging_by,
    metering,
    service,
    tracing,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel.doctor._finding import Finding

SECRET = "s3cr3t"  # noqa: S105 - so that it would be seen


@pytest.fixture(autouse=True)
def no_variables() -> Iterator[None]:
    """Nothing of the machine's has a say."""
    with variables(NO_PROXY=HOST):
        yield


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority of one's own."""
    if not which("openssl"):
        pytest.skip("openssl is missing: apt-get install openssl")
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    made.make()
    return made


def examine(exporter: Any, **options: Any) -> list[Finding]:
    """Give what is found about an exporter of spans."""
    with tracing(BatchSpanProcessor(exporter)) as provider:
        return found(_probe, service(provider, **options))


def outcome(exporter: Any, **options: Any) -> str:
    """Give the code of the one finding, or nothing."""
    return ", ".join(each.code for each in examine(exporter, **options))


def by_http(port: int, path: str = "/v1/traces", **options: Any) -> ByHttp:
    """Give an exporter for HTTP."""
    scheme = "https" if "certificate_file" in options else "http"
    return ByHttp(endpoint=f"{scheme}://{HOST}:{port}{path}", **options)


def by_grpc(port: int, **options: Any) -> ByGrpc:
    """Give an exporter for gRPC."""
    scheme = "https" if "credentials" in options else "http"
    return ByGrpc(endpoint=f"{scheme}://{HOST}:{port}", **options)


def trusting(certificates: Certificates) -> grpc.ChannelCredentials:
    """Believe the authority of one's own."""
    return grpc.ssl_channel_credentials(Path(certificates.authority).read_bytes())


def test_http_arrives() -> None:
    """One span, which says whose it is; nothing is found."""
    with over_http() as server, tracing() as provider:
        provider.add_span_processor(BatchSpanProcessor(by_http(server.port)))
        told = facts(_probe, service(provider))
        assert not found(_probe, service(provider))
    assert told == {
        "Sent traces": "one span, the doctor's own, which "
        f"http://{HOST}:{server.port}/v1/traces took"
    }
    names = []
    for body in filter(None, server.bodies["/v1/traces"]):
        request = ExportTraceServiceRequest.FromString(body)
        (sent,) = request.resource_spans
        (span,) = sent.scope_spans[0].spans
        names.append((span.name, [each.key for each in span.attributes]))
        assert {each.key for each in sent.resource.attributes} >= {"service.name"}
    assert names == [("faststream-otel doctor", ["faststream.doctor"])] * 2


def test_grpc_arrives() -> None:
    """Likewise."""
    with over_grpc() as server:
        assert not outcome(by_grpc(server.port))
    (body,) = server.bodies["export"]
    request = ExportTraceServiceRequest.FromString(body)
    (span,) = request.resource_spans[0].scope_spans[0].spans
    assert span.name == "faststream-otel doctor"


def test_zipkin_arrives() -> None:
    """Another exporter that has an address."""
    with over_http(paths={"/api/v2/spans": 202}) as server:
        where = f"http://{HOST}:{server.port}"
        assert not outcome(ZipkinExporter(endpoint=f"{where}/api/v2/spans"))
        assert outcome(ZipkinExporter(endpoint=f"{where}/api")) == "FSO332"


def test_only_what_has_an_address_is_sent_to() -> None:
    """And each exporter once."""
    out = io.StringIO()
    with over_http() as server:
        shared = by_http(server.port)
        processors = [SimpleSpanProcessor(shared) for _ in range(2)]
        processors.append(SimpleSpanProcessor(ConsoleSpanExporter(out=out)))
        with tracing(*processors) as provider:
            assert not found(_probe, service(provider))
    assert len([body for body in server.bodies["/v1/traces"] if body]) == 1
    assert not out.getvalue()


def test_metrics_and_logs_arrive() -> None:
    """They are asked for with requests that have nothing in them."""
    with over_http() as server:
        where = f"http://{HOST}:{server.port}"
        reader = PeriodicExportingMetricReader(MetricsByHttp(f"{where}/v1/metrics"))
        processor = BatchLogRecordProcessor(LogsByHttp(f"{where}/v1/logs"))
        with metering(reader) as meters, logging_by(processor) as loggers:
            assert not found(_probe, service(meters, loggers))
        assert set(server.bodies["/v1/metrics"]) == {b""}
        assert set(server.bodies["/v1/logs"]) == {b""}


def test_metrics_and_logs_arrive_by_grpc() -> None:
    """Likewise."""
    with over_grpc() as server:
        where = f"http://{HOST}:{server.port}"
        reader = PeriodicExportingMetricReader(MetricsByGrpc(where))
        processor = BatchLogRecordProcessor(LogsByGrpc(where))
        with metering(reader) as meters, logging_by(processor) as loggers:
            assert not found(_probe, service(meters, loggers))
        assert server.bodies["export"] == [b"", b""]


@pytest.mark.parametrize("by", [by_http, by_grpc])
def test_nobody_listens(by: Any) -> None:
    """The port is closed."""
    with nobody() as server:
        assert outcome(by(server.port)) == "FSO312"


@pytest.mark.parametrize("by", [by_http, by_grpc])
def test_nobody_answers(by: Any) -> None:
    """The port takes connections, and says nothing."""
    with saying(None) as server:
        assert outcome(by(server.port), timeout=0.1) == "FSO314"


@pytest.mark.parametrize("by", [by_http, by_grpc])
def test_it_hangs_up(by: Any) -> None:
    """The port takes connections, and ends them."""
    with saying(b"") as server:
        assert outcome(by(server.port)) == "FSO315"


@pytest.mark.parametrize("by", [by_http, by_grpc])
def test_garbage(by: Any) -> None:
    """The port speaks something else."""
    with saying(b"220 mail.example ESMTP\r\n") as server:
        assert outcome(by(server.port)) == "FSO338"


@pytest.mark.parametrize("by", [ByHttp, ByGrpc])
def test_a_name_that_nobody_has(by: Any) -> None:
    """`.invalid` is a name that nobody may have."""
    assert outcome(by(endpoint="http://collector.invalid:4318")) == "FSO311"


def test_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system knows no way to the host, and says so."""

    def connect(*args: Any, **kwargs: Any) -> socket.socket:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", connect)
    (finding,) = examine(ByHttp("http://192.0.2.1:4318/v1/traces"))
    assert finding.code == "FSO313"
    assert "Network is unreachable" in finding.seen


def test_http_to_grpc() -> None:
    """The wrong one of the two ports."""
    with over_grpc() as server:
        assert outcome(by_http(server.port)) == "FSO316"


def test_grpc_to_http() -> None:
    """The reverse."""
    with over_http() as server:
        assert outcome(by_grpc(server.port)) == "FSO317"


def test_tls_to_a_port_without(certificates: Certificates) -> None:
    """`https` where it should be `http`."""
    with over_http() as server:
        exporter = by_http(server.port, certificate_file=certificates.authority)
        assert outcome(exporter) == "FSO318"
    with over_grpc() as server:
        assert outcome(by_grpc(server.port, credentials=None)) == "FSO318"
        # gRPC's own way to say so.
        assert outcome(ByGrpc(endpoint=f"{HOST}:{server.port}")) == "FSO318"


def test_a_port_with_tls(certificates: Certificates) -> None:
    """`http` where it should be `https`."""
    with over_http(tls=certificates.of("right")) as server:
        assert outcome(by_http(server.port)) == "FSO319"
    with over_grpc(credentials=certificates.of_grpc("right")) as server:
        assert outcome(by_grpc(server.port)) == "FSO319"


@pytest.mark.parametrize(
    ("name", "believed", "code"),
    [
        ("right", True, ""),
        ("right", False, "FSO321"),
        ("other", True, "FSO322"),
        ("expired", True, "FSO323"),
    ],
)
def test_certificates(
    certificates: Certificates, name: str, believed: bool, code: str
) -> None:
    """Of an unknown authority, for another name, out of date."""
    authority = certificates.authority
    with over_http(tls=certificates.of(name)) as server:
        scheme = f"https://{HOST}:{server.port}/v1/traces"
        exporter = ByHttp(scheme, certificate_file=authority if believed else None)
        assert outcome(exporter) == code
    mended = {"OTEL_EXPORTER_OTLP_CERTIFICATE": authority} if believed else {}
    with (
        over_grpc(credentials=certificates.of_grpc(name)) as server,
        variables(NO_PROXY=HOST, **mended),
    ):
        exporter_by_grpc = ByGrpc(f"https://{HOST}:{server.port}")
        assert outcome(exporter_by_grpc, environment=mended) == code


def test_a_file_that_requests_does_not_read(certificates: Certificates) -> None:
    """A variable for all that `requests` sends stands before the exporter's file."""
    bundle = {"REQUESTS_CA_BUNDLE": certificates.file("other")}
    with (
        over_http(tls=certificates.of("right")) as server,
        variables(NO_PROXY=HOST, **bundle),
    ):
        exporter = by_http(server.port, certificate_file=certificates.authority)
        (finding,) = examine(exporter, environment=bundle)
        assert finding.code == "FSO326"
        assert finding.remedy.startswith("Unset REQUESTS_CA_BUNDLE")


def test_credentials_in_code(certificates: Certificates) -> None:
    """Those of gRPC cannot be looked into, and the span arrives all the same."""
    with over_grpc(credentials=certificates.of_grpc("right")) as server:
        assert not outcome(by_grpc(server.port, credentials=trusting(certificates)))
        wrong = grpc.ssl_channel_credentials()
        assert outcome(by_grpc(server.port, credentials=wrong)) == "FSO321"


def test_a_file_that_is_missing() -> None:
    """The one with the authorities."""
    with saying(None) as server:
        exporter = by_http(server.port, certificate_file="/no/such/file.pem")
        (finding,) = examine(exporter, timeout=0.2)
    assert finding.code == "FSO324"
    assert "missing" in finding.seen


def test_a_certificate_of_ones_own(certificates: Certificates) -> None:
    """The server wants one, and gets one."""
    tls = certificates.of("right", clients=True)
    authority = certificates.authority
    with over_http(tls=tls) as server:
        exporter = by_http(server.port, certificate_file=authority)
        assert outcome(exporter) == "FSO325"
        exporter = by_http(
            server.port,
            certificate_file=authority,
            client_certificate_file=certificates.file("right"),
            client_key_file=certificates.file("right", "key"),
        )
        assert not outcome(exporter)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (200, ""),
        (202, ""),
        (301, "FSO335"),
        (307, "FSO335"),
        (400, "FSO337"),
        (401, "FSO331"),
        (403, "FSO331"),
        (404, "FSO332"),
        (405, "FSO337"),
        (429, "FSO334"),
        (500, "FSO337"),
        (502, "FSO334"),
        (503, "FSO334"),
    ],
)
def test_statuses(status: int, code: str) -> None:
    """Each status of HTTP means one thing."""
    with over_http(status, headers={"Location": "/"}) as server:
        assert outcome(by_http(server.port)) == code
        exporter = MetricsByHttp(f"http://{HOST}:{server.port}/v1/metrics")
        with metering(PeriodicExportingMetricReader(exporter)) as provider:
            assert ", ".join(codes(_probe, service(provider))) == code


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, "FSO331"),
        (grpc.StatusCode.PERMISSION_DENIED, "FSO331"),
        (grpc.StatusCode.UNAVAILABLE, "FSO334"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "FSO334"),
        (grpc.StatusCode.INVALID_ARGUMENT, "FSO337"),
    ],
)
def test_codes(status: grpc.StatusCode, code: str) -> None:
    """Each status of gRPC means one thing."""
    with over_grpc(status) as server:
        assert outcome(by_grpc(server.port), timeout=0.5) == code


def test_the_first_complaint_is_enough() -> None:
    """An exporter that tries again is not waited for when the server said no."""
    with over_http(503) as server:
        before = time.monotonic()
        assert outcome(by_http(server.port), timeout=20) == "FSO334"
        assert time.monotonic() - before < 10


def test_a_collector_without_a_pipeline() -> None:
    """It takes traces, and no logs."""
    with over_grpc(services=("trace",)) as server:
        assert not outcome(by_grpc(server.port))
        processor = BatchLogRecordProcessor(LogsByGrpc(f"http://{HOST}:{server.port}"))
        with logging_by(processor) as provider:
            (finding,) = found(_probe, service(provider))
    assert finding.code == "FSO333"
    assert "OTEL_LOGS_EXPORTER=none" in finding.remedy


def test_a_page() -> None:
    """The address of a user interface takes everything."""
    with over_http(media="text/html") as server:
        assert outcome(by_http(server.port)) == "FSO336"


def test_no_scheme_in_a_variable() -> None:
    """What is wrong is said once, among the variables."""
    with over_grpc() as server:
        name = "OTEL_EXPORTER_OTLP_ENDPOINT"
        with variables(NO_PROXY=HOST, **{name: f"{HOST}:{server.port}"}) as environment:
            assert not examine(ByGrpc(), environment=environment)
            assert not examine(ByHttp(), environment=environment)


def test_no_scheme() -> None:
    """`requests` would need one."""
    with nobody() as server:
        (finding,) = examine(ByHttp(endpoint=f"{HOST}:{server.port}/v1/traces"))
    assert finding.code == "FSO341"
    assert f'endpoint="http://{HOST}:{server.port}/v1/traces"' in finding.remedy


class Raises(SpanExporter):
    """An exporter with an address, that fails by itself."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://{HOST}:{port}/v1/traces"

    def export(self, spans: Any) -> SpanExportResult:
        raise LookupError(SECRET)

    def shutdown(self) -> None:
        """Nothing."""


class Odd(Raises):
    """One whose parts are not what they should be."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._headers = 7


def test_an_odd_exporter() -> None:
    """It is reported, and does not end the doctor."""
    with over_http() as server, tracing(BatchSpanProcessor(Odd(server.port))) as odd:
        report = diagnose(
            NatsBroker(middlewares=[NatsTelemetryMiddleware(tracer_provider=odd)]),
            timeout=0.2,
        )
    told = {each.text for each in report.facts if each.name == "Not examined"}
    assert {"export: TypeError", "probe: TypeError"} <= told
    assert any(each.name == "Broker" for each in report.facts)


def test_a_fault_of_the_doctors(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not silence."""

    def look(*args: Any) -> None:
        raise LookupError(SECRET)

    monkeypatch.setattr(_examining, "look", look)
    with nobody() as server:
        (finding,) = examine(by_http(server.port))
    assert finding.code == "FSO340"
    assert "LookupError" in finding.seen


class Hangs(Raises):
    """One that never comes back."""

    def export(self, spans: Any) -> SpanExportResult:
        threading.Event().wait(30)
        return SpanExportResult.FAILURE


def test_the_exporters_own_fault() -> None:
    """It raises where the server would take the span."""
    with over_http() as server:
        (finding,) = examine(Raises(server.port))
    assert finding.code == "FSO340"
    assert "LookupError" in finding.seen
    assert SECRET not in str(finding)


def test_an_exporter_that_hangs() -> None:
    """It is waited for as long as asked."""
    with over_http() as server:
        before = time.monotonic()
        assert outcome(Hangs(server.port), timeout=0.2) == "FSO339"
        assert time.monotonic() - before < 5
        assert any(each.daemon for each in threading.enumerate())


def test_a_proxy() -> None:
    """It is named where it stands in the way."""
    with over_http() as proxy, variables(HTTP_PROXY=f"http://{HOST}:{proxy.port}"):
        findings = examine(ByHttp(endpoint="http://collector.invalid:4318/v1/traces"))
    assert [each.code for each in findings] == ["FSO342"]
    assert findings[0].remedy == "NO_PROXY=collector.invalid"
    assert list(proxy.bodies) == ["http://collector.invalid:4318/v1/traces"]


def test_one_fault_is_one_finding() -> None:
    """Three signals that are sent to the same place share it."""
    with nobody() as server:
        where = f"http://{HOST}:{server.port}"
        with (
            tracing(BatchSpanProcessor(by_http(server.port))) as tracers,
            metering(
                PeriodicExportingMetricReader(MetricsByHttp(f"{where}/v1/metrics"))
            ) as meters,
            logging_by(BatchLogRecordProcessor(LogsByHttp(f"{where}/v1/logs"))) as logs,
        ):
            (finding,) = found(_probe, service(tracers, meters, logs))
    assert "traces, metrics and logs" in finding.title


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("ENDPOINT", "", "OTEL_EXPORTER_OTLP_ENDPOINT="),
        ("TRACES_ENDPOINT", "", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="),
        ("TRACES_ENDPOINT", "/traces", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="),
    ],
)
def test_the_line_that_mends_a_path(variable: str, value: str, line: str) -> None:
    """It is of the variable that is wrong, and does mend it."""
    name = f"OTEL_EXPORTER_OTLP_{variable}"
    with over_http(paths={"/v1/traces": 200}) as server:
        wrong = f"http://{HOST}:{server.port}{value}"
        if variable == "ENDPOINT":
            wrong += "/v1/traces"
        with variables(NO_PROXY=HOST, **{name: wrong}) as environment:
            (finding,) = examine(ByHttp(), environment=environment)
        assert finding.code == "FSO332"
        assert finding.remedy.startswith(line)
        name, _, mended = finding.remedy.partition("=")
        with variables(NO_PROXY=HOST, **{name: mended}) as environment:
            assert not examine(ByHttp(), environment=environment)


def test_offline_sends_nothing() -> None:
    """And says so."""
    with over_http() as server, tracing() as provider:
        provider.add_span_processor(BatchSpanProcessor(by_http(server.port)))
        assert facts(_probe, service(provider, offline=True)) == {
            "Sent": "nothing, as you asked"
        }
    assert not server.bodies


def test_a_disabled_sdk_sends_nothing() -> None:
    """Whoever switched it off does not want a span."""
    with over_http() as server:
        environment = {"OTEL_SDK_DISABLED": "true"}
        assert not outcome(by_http(server.port), environment=environment)
    assert not server.bodies


@pytest.mark.parametrize("status", [401, 503])
def test_secrets_are_kept(
    status: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """In headers, in the address, and in what the exporter logs."""
    headers = {"authorization": f"Bearer {SECRET}", "x-api-key": SECRET}
    with over_http(status, body=SECRET.encode()) as server:
        where = f"http://user:{SECRET}@{HOST}:{server.port}/v1/traces?token={SECRET}"
        findings = examine(ByHttp(endpoint=where, headers=headers), timeout=0.5)
    with nobody() as closed:
        where = f"http://user:{SECRET}@{HOST}:{closed.port}/v1/traces?token={SECRET}"
        findings += examine(ByHttp(endpoint=where, headers=headers))
    assert len(findings) == 2
    assert SECRET not in str(findings)
    assert SECRET not in caplog.text
    assert SECRET not in "".join(capfd.readouterr())
    if status == 401:
        assert "headers sent: authorization, x-api-key" in findings[0].seen
    assert "***" in findings[0].title


def test_logging_goes_on() -> None:
    """What the exporter logs of the service's own spans is shown again."""
    with over_http(401) as server:
        exporter = by_http(server.port)
        assert outcome(exporter) == "FSO331"
    logger = logging.getLogger(type(exporter).__module__)
    assert not [each for each in logger.filters if "doctor" in type(each).__module__]


PROGRAM = """
import threading
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from faststream_otel.doctor import _examining, _probe, diagnose
from faststream_otel.nats import NatsTelemetryMiddleware
from tests.examined import codes, service, tracing

class Hangs(SpanExporter):
    endpoint = None
    def __init__(self):
        self.endpoint = "http://127.0.0.1:{port}"
    def export(self, spans):
        threading.Event().wait()
    def shutdown(self):
        pass

with tracing(BatchSpanProcessor(Hangs())) as provider:
    print(*codes(_probe, service(provider, timeout=0.2)))
"""


def test_the_process_ends() -> None:
    """Though an exporter still hangs."""
    with over_http() as server:
        program = PROGRAM.format(port=server.port)
        command = [sys.executable, "-c", program]
        ended = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60
        )
    assert ended.stdout.split() == ["FSO339"], ended.stderr
    assert ended.returncode == 0
