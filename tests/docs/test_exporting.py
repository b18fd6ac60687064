"""What the page on exporters says of its programs, without servers.

`tests/brokers/test_exporters.py` sends to those that readers use.
"""

from __future__ import annotations

import gzip
import json
import re
import ssl
import subprocess
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import entry_points
from threading import Thread
from typing import TYPE_CHECKING, Any

import certifi
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as OverGrpc,
)
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as OverHttp,
)
from opentelemetry.exporter.zipkin.json import ZipkinExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.sdk import environment_variables
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from faststream_otel.testing import assert_trace
from tests.brokers.commands import readers_environment
from tests.brokers.receiver import PROTOCOLS, Inbox, trace_of
from tests.docs.exporting import EXPORTERS, GRPC, run
from tests.docs.programs import PROGRAMS, ROOT
from tests.docs.test_programs import assert_links_its_message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Self

    from tests.docs.programs import Program

ONE_MESSAGE = """
    publish orders [PRODUCER]
      process orders [CONSUMER]
"""


def environment(endpoint: str = "http://127.0.0.1:1", **more: str) -> dict[str, str]:
    """The environment of a program that sends to `endpoint`, but not by itself."""
    sent = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "60000",
    }
    return readers_environment(**{**sent, **more})


@pytest.mark.parametrize("program", [*GRPC, EXPORTERS["http"]], ids=str)
def test_otlp(program: Program) -> None:
    """The last spans are sent when the process ends: the trace is whole."""
    protocol = "grpc" if program in GRPC else "http/protobuf"
    inbox = Inbox()
    with PROTOCOLS[protocol](inbox) as endpoint:
        output = run(program, environment(endpoint))
        received = inbox.wait(2, within=0)
    assert output.splitlines() == program.shown() == ["Packing tea"]
    assert {each.service for each in received} == {"shop"}
    recorded = trace_of(received)
    assert_trace(recorded, ONE_MESSAGE)
    assert_links_its_message(recorded, recorded.spans[-1])
    assert recorded.spans[-1].links


@pytest.mark.parametrize("how", ["http", "zipkin"])
def test_nobody_listens(how: str) -> None:
    """Messages are handled, and the process ends well."""
    nowhere = {"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "http://127.0.0.1:1/api/v2/spans"}
    sent = environment(OTEL_EXPORTER_OTLP_TIMEOUT="1", **nowhere)
    assert run(EXPORTERS[how], sent).splitlines() == ["Packing tea"]


def test_memory() -> None:
    """The exporter has the spans, and the program prints their names."""
    program = EXPORTERS["memory"]
    output = run(program, environment())
    assert output.splitlines() == program.shown()
    assert len(program.shown()) == 3


def test_console() -> None:
    """Each span is printed twice: as a JSON object, and in the tree."""
    program = EXPORTERS["console"]
    rest = run(program, environment())
    decoder, spans, text = json.JSONDecoder(), [], ""
    while rest:
        if rest.startswith("{"):
            span, end = decoder.raw_decode(rest)
            spans.append(span)
            rest = rest[end:].lstrip("\n")
        else:
            line, _, rest = rest.partition("\n")
            text += f"{line}\n"
    publish, process = spans
    assert (publish["name"], process["name"]) == ("publish orders", "process orders")
    assert process["kind"] == "SpanKind.CONSUMER"
    assert process["parent_id"] == publish["context"]["span_id"]
    assert process["links"][0]["context"] == publish["context"]
    assert process["resource"]["attributes"]["service.name"] == "shop"
    assert program.shown()[0] in text.splitlines()
    assert f"trace {publish['context']['trace_id'].removeprefix('0x')}" in text
    assert re.search(r"^publish orders +PRODUCER +shop", text, re.MULTILINE)
    assert re.search(r"^└── process orders +CONSUMER +shop", text, re.MULTILINE)


SCRAPE = """
from urllib.request import urlopen
print(urlopen("http://localhost:9464/metrics").read().decode())
"""


def test_prometheus() -> None:
    """The page of metrics that Prometheus fetches has the names that ours says."""
    program = EXPORTERS["prometheus"]
    output = run(program, environment(), then=SCRAPE)
    lines = program.shown()
    assert output.splitlines()[: len(lines)] == lines
    for name in series():
        line = re.compile(rf"^{name}(_count)?{{.*}} 1\.0$", re.MULTILINE)
        assert line.search(output), name
    assert 'service_name="shop"' in output


def series() -> list[str]:
    """The names that the page lists, as those of Prometheus."""
    names = re.findall(r"^\| `messaging[\w.]+` \| `(\w+)` \|$", page(), re.MULTILINE)
    assert len(names) == 4
    return names


def page(name: str = "exporting") -> str:
    """The text of a page of the guide."""
    return (ROOT / "docs" / f"{name}.md").read_text()


class Heard(ThreadingHTTPServer):
    """Takes OTLP over HTTP, and keeps the headers and the body of what came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keep)
        self.posts: list[tuple[dict[str, str], bytes]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


class _Keep(BaseHTTPRequestHandler):
    server: Heard

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {**self.headers, "path": self.path}
        self.server.posts.append((headers, body))
        self.send_response(HTTPStatus.OK)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def test_headers_and_compression() -> None:
    """They are what the variables say, and the body is what a receiver reads."""
    with Heard() as heard:
        run(
            EXPORTERS["http"],
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
        run(EXPORTERS["http"], environment(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=whole))
    assert [headers["path"] for headers, _ in heard.posts] == ["/spans"]


def variables() -> Iterator[tuple[str, str]]:
    """The variables that the page lists, and their defaults."""
    for names, default in re.findall(r"^(`OTEL_.*)\n:   (.*)\.$", page(), re.MULTILINE):
        for name in re.findall(r"OTEL_\w+", names):
            yield name, default


def test_the_page_lists_variables_that_there_are() -> None:
    """With their defaults, as the exporters have them."""
    listed = dict(variables())
    assert len(listed) > 10
    missing = [name for name in listed if not hasattr(environment_variables, name)]
    assert not missing
    grpc, http, zipkin = OverGrpc(), OverHttp(), ZipkinExporter()
    batch: Any = BatchSpanProcessor
    actual: dict[str, Any] = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"`http://{grpc._endpoint}` over gRPC, "
        f"`{http._endpoint.removesuffix('/v1/traces')}` over HTTP",
        "OTEL_EXPORTER_OTLP_TIMEOUT": f"`{http._client._timeout:g}` seconds",
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT": f"`{zipkin.endpoint}`",
        "OTEL_EXPORTER_ZIPKIN_TIMEOUT": f"`{zipkin.timeout}` seconds",
        "OTEL_BSP_SCHEDULE_DELAY": f"`{batch._default_schedule_delay_millis()}` ms",
        "OTEL_BSP_MAX_QUEUE_SIZE": f"`{batch._default_max_queue_size()}` spans",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "`"
        f"{batch._default_max_export_batch_size()}` spans",
    }
    for exporter in (grpc, http, zipkin):
        exporter.shutdown()
    assert {name: listed[name] for name in actual} == actual


def test_the_page_names_the_exporters() -> None:
    """By the names that `opentelemetry-instrument` knows."""
    _, _, text = page().partition("## Choose an exporter")
    text, _, _ = text.partition("\n## ")
    table = re.findall(r"`(\w+)`(?: \(metrics\))? \|$", text, re.MULTILINE)
    known = {
        each.name
        for kind in ("traces", "metrics")
        for each in entry_points(group=f"opentelemetry_{kind}_exporter")
    }
    assert len(table) == 6
    assert set(table) <= known


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


def send_to(https: Heard, trusted: str, bundle: str = "") -> int:
    """Let a program send by TLS, and count what came."""
    sent = environment(
        f"https://localhost:{https.server_port}",
        OTEL_EXPORTER_OTLP_CERTIFICATE=trusted,
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
    )
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        sent.pop(name, None)
    run(EXPORTERS["http"], sent | ({"REQUESTS_CA_BUNDLE": bundle} if bundle else {}))
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


def test_every_program_is_on_the_page() -> None:
    """Each is shown, and how to run it."""
    text = page()
    assert "includes/exporting.py.md" in text
    assert "includes/exporting.sh.md" in text
    for program in EXPORTERS.values():
        assert f"docs_src/{program}.py" in text
    others = (PROGRAMS / "nats" / "exporting_others.sh").read_text()
    assert others.endswith(f"faststream run {EXPORTERS['http'].step}:app\n")
    packages = re.findall(
        r"^\|.*\| `(opentelemetry-exporter-.*?)` \|", text, re.MULTILINE
    )
    assert [name for name in packages if "grpc" not in name] == re.findall(
        r"opentelemetry-exporter-\S+", others
    )
