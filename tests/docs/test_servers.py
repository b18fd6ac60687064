"""The page about servers: under each of them, the last spans arrive as it says."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
from threading import Timer
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from guide.commands import readers_environment
from guide.places import DOCS
from guide.programs import Program

if TYPE_CHECKING:
    from pathlib import Path

WITHIN = 60.0  # seconds, at the most
PAGE = DOCS / "servers.md"
SIGNALS = {"SIGTERM": signal.SIGTERM, "Ctrl+C": signal.SIGINT}
# Each takes a port that is free.
ANY_PORT = {
    "faststream": "--port 0",
    "uvicorn": "--port 0",
    "gunicorn": "--bind 127.0.0.1:0",
    "hypercorn": "--bind 127.0.0.1:0",
}

# After a program's own lines: its broker is in memory, and it says when it has begun.
IN_MEMORY = """

import contextlib
from faststream.nats import TestNatsBroker

@contextlib.asynccontextmanager
async def _in_memory(**options):
    async with TestNatsBroker(broker):
        yield

app.lifespan_context = asgi.lifespan_context = _in_memory

@app.after_startup
def _say() -> None:
    print("Started", flush=True)

def make():
    return app
"""
FASTAPI_IN_MEMORY = """

from faststream.nats import TestNatsBroker
_lifespan = app.router.lifespan_context

@asynccontextmanager
async def _in_memory(app):
    async with TestNatsBroker(broker), _lifespan(app) as state:
        print("Started", flush=True)
        yield state

app.router.lifespan_context = _in_memory
"""


class Row(NamedTuple):
    """A command of the page's table, and what it says of it without `shutdown`."""

    command: str
    said: dict[str, str]

    @property
    def processes(self) -> int:
        """How many run the application."""
        return 2 if "--workers 2" in self.command else 1


def rows() -> list[Row]:
    """The table of the page."""
    found = re.findall(
        r"^\| `([^`]+ serving:[^`]+)` \| ([a-z ]+) \| ([a-z ]+) \|$",
        PAGE.read_text(),
        flags=re.MULTILINE,
    )
    return [
        Row(command, dict(zip(SIGNALS, said, strict=True))) for command, *said in found
    ]


def test_the_table_is_read() -> None:
    """All of its rows, with words that the tests know."""
    table = PAGE.read_text().partition("| Command |")[2].partition("\n\n")[0]
    assert len(rows()) == len(table.splitlines()) - 2
    said = {each for row in rows() for each in row.said.values()}
    assert said == {"arrive", "lost", "may be lost"}


class Run:
    """A server that runs a program, until it gets a signal.

    Args:
        command: What starts it.
        directory: Where its program is.
        more: Variables of its environment.
    """

    def __init__(self, command: str, directory: Path, **more: str) -> None:
        variables = {
            "OTEL_TRACES_EXPORTER": "console",
            # Nothing is sent before it stops.
            "OTEL_BSP_SCHEDULE_DELAY": "3600000",
            **more,
        }
        self.said = directory / "stderr.txt"
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                shlex.split(f"opentelemetry-instrument {command}"),
                cwd=directory,
                env=readers_environment(**variables),
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                # A terminal sends Ctrl+C to all of its processes.
                start_new_session=True,
            )
        self.watchdog = Timer(WITHIN, self.kill)
        self.watchdog.start()

    def kill(self) -> None:
        """End all of its processes at once."""
        os.killpg(self.process.pid, signal.SIGKILL)

    def spans(self, started: int, sign: signal.Signals) -> int:
        """Stop it when all its processes have started; give the spans that it sent."""
        assert self.process.stdout is not None
        printed = ""
        try:
            while printed.count("Started") < started:
                line = self.process.stdout.readline()
                assert line, f"did not start:\n{self.said.read_text()}"
                printed += line
            if sign is signal.SIGINT:
                os.killpg(self.process.pid, sign)
            else:
                self.process.send_signal(sign)
            printed += self.process.stdout.read()
            self.process.wait()
        finally:
            self.watchdog.cancel()
            self.process.stdout.close()
        return len(re.findall(r'"name": "(publish|process) orders"', printed))


def program(directory: Path, step: str, *, ends_telemetry: bool) -> Path:
    """Write a program of the guide, as it is or without `shutdown`."""
    directory.mkdir()
    text = Program("nats", step).path.read_text()
    if not ends_telemetry:
        without = text.replace(", after_shutdown=[shutdown]", "")
        without = without.replace("    await shutdown()\n", "")
        assert without != text
        text = without
    text += FASTAPI_IN_MEMORY if "FastAPI" in text else IN_MEMORY
    (directory / f"{step}.py").write_text(text)
    return directory


def here(command: str) -> str:
    """A command of the page, on a port that is free."""
    if "serving:app" in command or "serving:make" in command:
        return command
    return f"{command} {ANY_PORT[command.split(maxsplit=1)[0]]}"


@pytest.mark.long
@pytest.mark.parametrize("row", rows(), ids=lambda row: row.command)
def test_the_last_spans(row: Row, tmp_path: Path) -> None:
    """They arrive with `shutdown`, and without it as the table has it."""
    cases = [(name, True) for name in SIGNALS if row.said[name] != "arrive"]
    # Where they arrive anyhow, once shows that it does no harm.
    cases += [("SIGTERM", True)] * (row.said["SIGTERM"] == "arrive")
    cases += [(name, False) for name in SIGNALS if row.said[name] != "may be lost"]
    runs = {}
    for name, ends in cases:
        directory = program(tmp_path / f"{name}{ends}", "serving", ends_telemetry=ends)
        runs[name, ends] = Run(here(row.command), directory)
    try:
        for (name, ends), run in runs.items():
            sent = run.spans(row.processes, SIGNALS[name])
            arrive = ends or row.said[name] == "arrive"
            # One message for each process, published and processed.
            assert sent == 2 * row.processes * arrive, f"{name}, shutdown: {ends}"
    finally:
        for run in runs.values():
            if run.process.poll() is None:
                run.kill()


@pytest.mark.long
@pytest.mark.parametrize("ends", [True, False])
def test_a_lifespan(ends: bool, tmp_path: Path) -> None:
    """FastAPI's is the place where there are no hooks."""
    directory = program(tmp_path / "here", "serving_fastapi", ends_telemetry=ends)
    run = Run("uvicorn serving_fastapi:app --port 0", directory)
    assert run.spans(1, signal.SIGTERM) == 2 * ends


@pytest.mark.long
def test_prometheus_and_workers(tmp_path: Path) -> None:
    """The port is taken, and then there are no traces either."""
    directory = program(tmp_path / "here", "serving", ends_telemetry=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    more: dict[str, Any] = {
        "OTEL_METRICS_EXPORTER": "prometheus",
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(port),
    }
    alone = Run("faststream run serving:app", directory, **more)
    assert alone.spans(1, signal.SIGTERM) == 2
    several = Run("faststream run serving:app --workers 2", directory, **more)
    assert several.spans(2, signal.SIGTERM) == 0
    said = several.said.read_text()
    assert "Failed to auto initialize OpenTelemetry" in said
    assert "Address already in use" in said
