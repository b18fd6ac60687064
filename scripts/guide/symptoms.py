"""Writes what programs print that are the same for all brokers.

Each runs in a process of its own, as its page says.

python -m guide.symptoms update
"""

from __future__ import annotations

import argparse
import contextlib
import re
import signal
import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Final

from guide.commands import of_file, readers_environment
from guide.places import PROGRAMS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TROUBLESHOOTING = PROGRAMS / "troubleshooting"
BOUNDARIES = PROGRAMS / "boundaries"
BESIDE = PROGRAMS / "beside"
PORT: Final = "4318"  # where the page has a Collector

# What the doctor is asked about, by the name of the symptom.
DOCTOR: Final = (
    *("no_provider", "disabled", "sampled_out", "provider_twice", "provider_late"),
    *("sends", "last_spans", "no_parent", "twice", "own_spans"),
)
# What is run, by the name of its output.
SYMPTOMS: Final[dict[str, str]] = {
    "no_provider": "python handled.py",
    "working": "bash working.sh",
    "sampled_out": "bash sampled_out.sh",
    "disabled": "bash disabled.sh",
    "provider_twice": "python provider_twice.py",
    "provider_late": "python provider_late.py",
    "sends": "bash sends.sh",
    "last_spans": "bash last_spans.sh",
    "last_spans_shutdown": "bash last_spans_shutdown.sh",
    "no_parent": "python no_parent.py",
    "twice": "python twice.py",
    "names": "python names.py",
    "names_templates": "python names_templates.py",
    "forked": "python forked.py",
    "forked_shutdown": "python forked_shutdown.py",
    "own_spans": "python own_spans.py",
    "content": "python content.py",
    "views": "python views.py",
    **{f"doctor_{name}": f"bash doctor_{name}.sh" for name in DOCTOR},
    "with_dictconfig": "python with_dictconfig.py",
    "with_dishka": "python with_dishka.py",
    "with_logfire": "python with_logfire.py",
    "with_loguru": "python with_loguru.py",
    "with_prometheus": "python with_prometheus.py",
    "with_sentry": "python with_sentry.py",
}
# An id of a trace, and the one that the page has in its place.
_TRACE_ID: Final = re.compile(r"\b(?!0{32})[0-9a-f]{32}\b")
# A reader has installed none of those that it names.
_OF_INSTRUMENTORS: Final = ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",)
# A version that differs from reader to reader.
_VERSION: Final = re.compile(r"^(  [\w-]+): \d[\w.]+$", re.MULTILINE)
_EXAMPLE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"


def directory(symptom: str) -> Path:
    """Where what is run is."""
    if symptom in {"content", "views"}:
        return BOUNDARIES
    return BESIDE if symptom.startswith("with_") else TROUBLESHOOTING


def output(symptom: str) -> Path:
    """Where what it prints is."""
    return PROGRAMS / "output" / f"{symptom}.txt"


def printed(symptom: str) -> str:
    """Run it, and give all that it prints."""
    command = SYMPTOMS[symptom]
    if symptom.startswith("last_spans"):
        # A shell around it would say that it was terminated, and its number.
        command = of_file(TROUBLESHOOTING / f"{symptom}.sh")
        # Any free port: the other one may be running beside it.
        return run(command, ends=-signal.SIGTERM, UVICORN_PORT="0")
    if symptom.startswith("doctor_"):
        return doctors(symptom)
    if symptom != "sends":
        return with_an_example(run(command, directory(symptom)))
    with a_collector() as port:
        # Its own lines have the port as well.
        script = (TROUBLESHOOTING / "sends.sh").read_text().replace(PORT, port)
        return run(script).replace(port, PORT)


def with_an_example(text: str) -> str:
    """The same text with an example of an id, in place of each."""
    return _TRACE_ID.sub(_EXAMPLE, text)


def doctors(symptom: str) -> str:
    """Give what the doctor finds, and at the top of the page also what it has seen."""
    script = (TROUBLESHOOTING / f"{symptom}.sh").read_text()
    environment = readers_environment(OTEL_SERVICE_NAME="shop")
    # What the reader has not set would be told.
    for name in ("OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER", *_OF_INSTRUMENTORS):
        if name not in _OF_INSTRUMENTORS or "instrument" not in script:
            del environment[name]
    with a_collector() as port:
        command = script.replace(PORT, port)
        said = _ran(command, TROUBLESHOOTING, environment, ends=1).replace(port, PORT)
    if symptom == "doctor_no_provider":
        return _VERSION.sub(r"\1: …", said)
    return said.partition("\nWhat was seen\n")[0].rstrip() + "\n"


def run(command: str, where: Path = TROUBLESHOOTING, ends: int = 0, **more: str) -> str:
    """Run a command as a reader does, with nothing sent anywhere unless it says so.

    Args:
        command: What the reader types.
        where: The directory.
        ends: The exit code, or the number of the signal that ends it, negative.
        more: Variables of its environment.
    """
    environment = readers_environment(**{"OTEL_TRACES_EXPORTER": "none", **more})
    return _ran(command, where, environment, ends)


def _ran(command: str, where: Path, environment: dict[str, str], ends: int) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=where,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    if done.returncode != ends:
        raise RuntimeError(f"{command} failed:\n{done.stdout}")
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip() + "\n"


@contextlib.contextmanager
def a_collector() -> Iterator[str]:
    """Take spans over HTTP where a Collector takes them; gives the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield str(server.server_port)
        finally:
            server.shutdown()
            thread.join()


def main() -> None:
    """Write the files anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update", help="write what the programs print")
    parser.parse_args()
    for symptom in SYMPTOMS:
        output(symptom).write_text(printed(symptom))
        print(f"wrote {output(symptom).relative_to(ROOT)}")


if __name__ == "__main__":
    main()
