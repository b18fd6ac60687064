"""Runs the guide's programs about exporters, each in a process of its own, in memory.

Their pages show no trace: it is the first one again.
"""

from __future__ import annotations

import subprocess
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

from guide.commands import readers_environment
from guide.places import BROKERS
from guide.programs import Program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

STEPS = (
    "exporting",
    "exporting_http",
    "exporting_zipkin",
    "exporting_prometheus",
    "exporting_console",
    "exporting_memory",
)
EXPORTING = tuple(Program(broker, step) for step in STEPS for broker in BROKERS)

# What is sent is sent when the process ends, as after Ctrl-C.
IN_MEMORY = """
import asyncio

import {step}
from faststream import TestApp

from faststream_otel.testing import in_memory


async def main():
    async with in_memory({step}.broker) as deliveries, TestApp({step}.app):
        await deliveries.settled()


asyncio.run(main())
"""


def run(
    program: Program, environment: Mapping[str, str], *, first: str = "", then: str = ""
) -> str:
    """Run a program, and more code in its process; give what they print."""
    done = subprocess.run(
        [sys.executable, "-c", first + IN_MEMORY.format(step=program.step) + then],
        cwd=program.path.parent,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment(endpoint: str = "http://127.0.0.1:1", **more: str) -> dict[str, str]:
    """The environment of a program that sends to `endpoint`, but not by itself."""
    sent = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "60000",
    }
    return readers_environment(**{**sent, **more})


class Heard(ThreadingHTTPServer):
    """Accepts all that is posted, and keeps the headers and the body of it."""

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
