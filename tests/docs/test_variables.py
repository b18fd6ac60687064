"""What the reference says of variables, of a program that sends to a receiver."""

from __future__ import annotations

import gzip
import ssl
import subprocess
from typing import TYPE_CHECKING, Any

import certifi
import pytest
from opentelemetry import environment_variables as of_the_api
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation import environment_variables as of_the_command
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.sdk import environment_variables as of_the_sdk

from guide.programs import Program
from guide.variables import SECTIONS
from tests.docs.exporting import Heard, environment, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BY_HTTP = Program("nats", "exporting_http")


def test_there_are_such_variables() -> None:
    """OpenTelemetry knows each by its name."""
    known = {*vars(of_the_api), *vars(of_the_sdk), *vars(of_the_command)}
    listed = {
        name
        for _, variables, _ in SECTIONS.values()
        for variable in variables
        for name in variable.name.split(", ")
    }
    assert len(listed) > 20
    assert listed <= known


def test_arguments_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is passed to an exporter is taken, whatever its variable says."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://variable:4318")
    of_the_argument: Any = OTLPSpanExporter("http://argument:4318/v1/traces")
    of_the_variable: Any = OTLPSpanExporter()
    assert of_the_argument._endpoint == "http://argument:4318/v1/traces"
    assert of_the_variable._endpoint == "http://variable:4318/v1/traces"
    of_the_argument.shutdown()
    of_the_variable.shutdown()


def test_headers_and_compression() -> None:
    """They are what the variables say, and the body is what a receiver reads."""
    with Heard() as heard:
        run(
            BY_HTTP,
            environment(
                heard.endpoint,
                OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20t,x-team=shop",
                OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
            ),
        )
    ((headers, body),) = heard.posts
    assert headers["path"] == "/v1/traces"
    assert headers["authorization"] == "Bearer t"
    assert headers["x-team"] == "shop"
    assert headers["Content-Encoding"] == "gzip"
    sent = ExportTraceServiceRequest.FromString(gzip.decompress(body))
    assert len(sent.resource_spans[0].scope_spans[0].spans) == 2


def test_the_endpoint_of_one_signal_is_the_whole_address() -> None:
    """Nothing is appended to it."""
    with Heard() as heard:
        whole = f"{heard.endpoint}/spans"
        run(BY_HTTP, environment(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=whole))
    assert [headers["path"] for headers, _ in heard.posts] == ["/spans"]


@pytest.fixture
def https(tmp_path: Path) -> Iterator[tuple[Heard, str]]:
    """A receiver with a certificate of its own, and the file of that."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    options = ["-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    made = [*command.split(), *options, *files]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    heard = Heard()
    heard.socket = context.wrap_socket(heard.socket, server_side=True)
    with heard:
        yield heard, str(certificate)


def send_to(https: Heard, trusted: str, bundle: str = "", **own: str) -> int:
    """Let a program send by TLS, and count what came."""
    sent = environment(
        f"https://localhost:{https.server_port}",
        OTEL_EXPORTER_OTLP_CERTIFICATE=trusted,
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
        **own,
    )
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        sent.pop(name, None)
    run(BY_HTTP, sent | ({"REQUESTS_CA_BUNDLE": bundle} if bundle else {}))
    return len(https.posts)


def test_tls(https: tuple[Heard, str]) -> None:
    """A receiver is trusted if its certificate is that of the variable."""
    heard, certificate = https
    assert send_to(heard, trusted=certificate) == 1


def test_tls_is_refused(https: tuple[Heard, str]) -> None:
    """Without the variable, and where another variable comes before it."""
    heard, certificate = https
    assert send_to(heard, trusted="") == 0
    assert send_to(heard, trusted=certificate, bundle=certifi.where()) == 0


def test_the_services_own_certificate(https: tuple[Heard, str]) -> None:
    """A receiver that asks for one hears from those alone that show it."""
    heard, certificate = https
    asking: Any = heard.socket
    asking.context.verify_mode = ssl.CERT_REQUIRED
    asking.context.load_verify_locations(certificate)
    assert send_to(heard, trusted=certificate) == 0
    own = {
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": certificate,
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": certificate.replace("certificate", "key"),
    }
    assert send_to(heard, trusted=certificate, **own) == 1
