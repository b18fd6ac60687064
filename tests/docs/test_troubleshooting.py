"""The page about troubleshooting: its programs show the symptoms that it names."""

from __future__ import annotations

import contextlib
import logging
import re
import subprocess
import sys
from pathlib import Path
from socketserver import StreamRequestHandler, TCPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as over_grpc_exporter
from opentelemetry.exporter.otlp.proto.http import trace_exporter as over_http_exporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from guide.commands import readers_environment
from guide.places import DOCS
from guide.symptoms import (
    BESIDE,
    BOUNDARIES,
    SYMPTOMS,
    TROUBLESHOOTING,
    output,
    printed,
    run,
)
from tests.brokers.receiver import Inbox, over_grpc, over_http

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (DOCS / "troubleshooting.md").read_text()


@pytest.mark.long
@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_what_is_printed(symptom: str) -> None:
    """The output on the page is that of this run."""
    assert printed(symptom) == output(symptom).read_text(), "run scripts/update"


def test_every_program_is_run() -> None:
    """No file is shown that nothing runs."""
    directories = (TROUBLESHOOTING, BOUNDARIES, BESIDE)
    files = {
        path for each in directories for path in each.iterdir() if path.is_file()
    } - {each / "install.sh" for each in directories}
    run_here = {command.split()[-1] for command in SYMPTOMS.values()}
    in_scripts = {
        word.replace(":asgi", ".py")
        for path in files
        if path.suffix == ".sh" and path.name in run_here
        for word in path.read_text().split()
    }
    assert {path.name for path in files} <= run_here | in_scripts


# The settings that make each line of the page's table: protocol, and endpoint. What
# listens at {grpc} speaks gRPC, at {http} HTTP, and at port 1 nobody does. A Collector
# answers what is no HTTP as {plain} does: at once, in HTTP.
WRONG = {
    "Connection refused": [
        ("grpc", {"ENDPOINT": "http://localhost:1"}),
        ("http", {"ENDPOINT": "http://localhost:1"}),
    ],
    "Failed parsing HTTP/2": [("grpc", {"ENDPOINT": "http://localhost:{http}"})],
    "BadStatusLine": [("http", {"ENDPOINT": "http://localhost:{grpc}"})],
    "Tls handshake failed": [
        ("grpc", {"ENDPOINT": "https://localhost:{grpc}"}),
        ("grpc", {"ENDPOINT": "localhost:{grpc}"}),
    ],
    "WRONG_VERSION_NUMBER": [("http", {"ENDPOINT": "https://localhost:{plain}"})],
    "code: 404": [
        ("http", {"TRACES_ENDPOINT": "http://localhost:{http}"}),
        ("http", {"ENDPOINT": "http://localhost:{http}/v1/traces"}),
    ],
    "No connection adapters were found": [("http", {"ENDPOINT": "localhost:{http}"})],
}
# And these arrive.
RIGHT = [
    ("grpc", {"ENDPOINT": "http://localhost:{grpc}"}),
    ("http", {"ENDPOINT": "http://localhost:{http}"}),
    ("http", {"TRACES_ENDPOINT": "http://localhost:{http}/v1/traces"}),
]
EXPORTERS = {"grpc": over_grpc_exporter, "http": over_http_exporter}


def test_the_table_of_addresses_is_tested() -> None:
    """All of its rows."""
    table = PAGE.partition("| In the log |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([^`]+)` \|", table, flags=re.MULTILINE) == list(WRONG)


@contextlib.contextmanager
def collectors() -> Iterator[tuple[Inbox, dict[str, str]]]:
    """Receive over gRPC and HTTP; gives the ports."""
    inbox = Inbox()
    with (
        over_grpc(inbox) as grpc,
        over_http(inbox) as http,
        TCPServer(("127.0.0.1", 0), Refusing) as plain,
    ):
        thread = Thread(target=plain.serve_forever)
        thread.start()
        addresses = {"grpc": grpc, "http": http, "plain": f":{plain.server_address[1]}"}
        try:
            yield (
                inbox,
                {name: each.split(":")[-1] for name, each in addresses.items()},
            )
        finally:
            plain.shutdown()
            thread.join()


class Refusing(StreamRequestHandler):
    """Answers whatever comes in HTTP."""

    def handle(self) -> None:
        self.request.recv(1024)
        self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def send(
    protocol: str,
    variables: dict[str, str],
    ports: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Send a span as the variables say."""
    # Long enough for a second try: what went wrong in the first is then logged.
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    for name, value in variables.items():
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", value.format(**ports))
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(
        SimpleSpanProcessor(EXPORTERS[protocol].OTLPSpanExporter())
    )
    provider.get_tracer("test").start_span("test").end()
    provider.shutdown()


@pytest.mark.parametrize(
    ("said", "protocol", "variables"),
    [(said, *case) for said, cases in WRONG.items() for case in cases],
    ids=str,
)
def test_a_wrong_address(
    said: str,
    protocol: str,
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The exporter's log has the words of the table, and nothing arrives."""
    with collectors() as (inbox, ports):
        send(protocol, variables, ports, monkeypatch)
    exporters = [
        f"{record.getMessage()} {record.exc_info or ''}"
        for record in caplog.records
        if record.name.startswith("opentelemetry.exporter")
        and record.levelno >= logging.WARNING
    ]
    assert any(said in each for each in exporters), exporters
    assert not inbox.wait(1, 0)


@pytest.mark.parametrize(("protocol", "variables"), RIGHT, ids=str)
def test_a_right_address(
    protocol: str, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remedies of the table."""
    with collectors() as (inbox, ports):
        send(protocol, variables, ports, monkeypatch)
        assert len(inbox.wait(1, 10)) == 1


def test_without_the_distro(tmp_path: Path) -> None:
    """`opentelemetry-instrument` then does nothing, and does not say so."""
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", tmp_path], check=True
    )
    (there,) = tmp_path.glob("lib/python*/site-packages")
    (here,) = {path for path in map(Path, sys.path) if path.name == "site-packages"}
    for path in here.iterdir():
        if not path.name.startswith("opentelemetry_distro"):
            (there / path.name).symlink_to(path)
    python = tmp_path / "bin" / "python"
    instrument = tmp_path / "bin" / "opentelemetry-instrument"
    text = (here.parents[2] / "bin" / instrument.name).read_text()
    instrument.write_text(f"#!{python}\n{text.partition(chr(10))[2]}")
    instrument.chmod(0o755)
    programs = f"{tmp_path / 'bin'}:{readers_environment()['PATH']}"
    said = run("bash working.sh", PATH=programs)
    assert said == output("no_provider").read_text()


def test_without_an_exporter() -> None:
    """The log says which, and there is no provider at all."""
    said = run("bash working.sh", OTEL_METRICS_EXPORTER="absent")
    error = "Requested component 'absent' not found in entry point"
    assert f"{error} 'opentelemetry_metrics_exporter'" in said
    assert said.endswith(output("no_provider").read_text())
    assert "Requested component 'otlp' not found in entry point" in PAGE
