"""The commands in `scripts`: their help, and the servers of `scripts/brokers`."""

from __future__ import annotations

import os
import runpy
import shlex
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from servers import programs
from servers.known import ALIASES, SERVERS
from servers.processes import arguments
from servers.programs import Debian
from servers.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTS = Path(__file__).parents[1] / "scripts"
# A server is to live on when the command that started it has ended.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running")
COMMANDS = sorted(
    path for path in SCRIPTS.iterdir() if path.is_file() and os.access(path, os.X_OK)
)

# Greets those who say "hi".
GREETER = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"hello" if connection.recv(9) == b"hi" else b"what?")
"""


@pytest.mark.parametrize("command", COMMANDS, ids=lambda path: path.name)
def test_help(command: Path, tmp_path: Path) -> None:
    """Each says what it does, from any directory, before anything is set up."""
    run = [str(command), "--help"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "usage:" in done.stdout.lower()
    assert not done.stderr


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the servers' data elsewhere, and what CI chooses out of the tests."""
    monkeypatch.setattr(programs, "HOME", tmp_path)
    monkeypatch.delenv("FASTSTREAM_OTEL_BROKERS", raising=False)


@pytest.fixture
def greeter(tmp_path: Path) -> Iterator[Server]:
    """A server of our own, which is down."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = tmp_path / "greeter.py"
    program.write_text(GREETER)
    # As in a checkout whose path has a blank.
    python = tmp_path / "a python"
    python.symlink_to(sys.executable)
    server = Server(
        name="greeter",
        program=Debian("greeter-server", str(python)),
        port=port,
        command=f"{{program}} {program} {port} {{data}}",
        hello=b"hi",
        answer=b"hello",
    )
    yield server
    try:
        server.down()
    except SystemExit as error:
        # It would keep pytest from tearing down more, and all later tests would fail.
        pytest.fail(str(error))


def words(server: Server, data: str) -> list[str]:
    """The command of a server that somebody else starts."""
    values = {"program": server.program.get(), "data": data}
    return [word.format(**values) for word in shlex.split(server.command)]


def brokers(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """Run the command in this process; give its exit code."""
    monkeypatch.setattr(sys, "argv", ["brokers", *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPTS / "brokers"), run_name="__main__")
    return ended.value.code


def test_up_and_down(greeter: Server) -> None:
    """A server that is up answers; one that is down leaves nothing behind."""
    assert greeter.status() == "down"
    assert "is up on" in greeter.up()
    assert greeter.answers()
    pid = greeter.pid()
    assert f"process {pid}" in greeter.status()
    assert "is up already" in greeter.up()
    assert greeter.pid() == pid
    assert greeter.down() == f"is down, was process {pid}"
    assert greeter.answers() is None
    assert not greeter.folder.exists()


def test_two_commands_start_it_once(greeter: Server) -> None:
    """What one of them starts is there for both, and `down` ends it."""
    with ThreadPoolExecutor(2) as commands:
        said = sorted(commands.map(lambda _: greeter.up(), range(2)))
    assert said == [
        f"is up already, on {greeter.where}",
        f"is up on {greeter.where}, process {greeter.pid()}",
    ]
    greeter.down()
    assert greeter.answers() is None


def test_one_that_was_killed_begins_anew(greeter: Server) -> None:
    """What it had kept does not come back."""
    greeter.up()
    kept = greeter.data / "kept"
    kept.touch()
    pid = greeter.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    while greeter.pid() or greeter.answers() is not None:
        time.sleep(0.01)
    assert "is up on" in greeter.up()
    assert not kept.exists()


def test_server_of_someone_else_is_used_and_left(greeter: Server) -> None:
    """Only what `up` started is ended by `down`."""
    with subprocess.Popen(words(greeter, "elsewhere")) as other:
        try:
            while not greeter.answers():
                assert other.poll() is None
            assert "used as it is" in greeter.up()
            assert "not started here" in greeter.status()
            assert "left as it is" in greeter.down()
            assert greeter.answers()
        finally:
            other.terminate()


def test_port_of_another_kind_of_server_is_refused(greeter: Server) -> None:
    """What answers in another way is not taken for the server."""
    greeter.up()
    other = replace(greeter, name="other", hello=b"HI")
    with pytest.raises(SystemExit, match="taken by something else"):
        other.up()


def test_missing_program_says_how_to_get_it(greeter: Server) -> None:
    """It names Debian's package."""
    missing = replace(greeter, program=Debian("greeter-server", "no-such-program"))
    with pytest.raises(SystemExit, match="apt-get install greeter-server"):
        missing.up()


def test_one_that_is_missing_does_not_hold_up_the_others(
    greeter: Server,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """They are started; the exit code says that it is not all."""
    nowhere = Debian("no-such-server", "no-such-program")
    missing = replace(greeter, name="missing", program=nowhere, port=1)
    monkeypatch.setitem(SERVERS, "nats", missing)
    monkeypatch.setitem(SERVERS, "redis", greeter)
    assert brokers(monkeypatch, "up", "--with", "programs", "nats", "redis") == 1
    assert greeter.answers()
    said = capfd.readouterr()
    assert "missing is missing: apt-get install no-such-server" in said.err
    assert "greeter is up" in said.out


def test_server_that_ends_at_once_shows_its_log(greeter: Server) -> None:
    """The reason is on the screen."""
    command = "{program} -c 'raise Exception(\"no room\")' {data}"
    broken = replace(greeter, command=command)
    with pytest.raises(SystemExit, match="no room"):
        broken.up()


def test_what_fails_beforehand_shows_its_log(greeter: Server) -> None:
    """As with the server itself, which is then not started."""
    before = "{program} -c 'raise Exception(\"no disk\")'"
    with pytest.raises(SystemExit, match="no disk"):
        replace(greeter, before=before).up()
    assert greeter.pid() is None


def test_configuration(greeter: Server, tmp_path: Path) -> None:
    """It is that of the server, which may name its data, or the user's own file."""
    own = tmp_path / "own"
    own.write_text("{data} as it is")
    server = replace(greeter, config="in {data}", command=greeter.command + " {config}")
    server.up()
    assert (server.data / "config").read_text() == f"in {server.data}"
    assert str(server.data / "config") in arguments(server.pid() or 0)
    server.down()
    server.up(own)
    assert (server.data / "config").read_text() == "{data} as it is"
    assert str(own) in arguments(server.pid() or 0)


def test_maven(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Artifacts come with what they need, but one with a classifier comes alone."""
    maven = programs.Maven(("a.b:c:1", "d:e:2:exec"))
    pom = ET.fromstring(maven.pom())  # noqa: S314 - our own
    first, second = pom.iter("dependency")
    assert [element.text for element in first] == ["a.b", "c", "1"]
    assert [element.text for element in second][:4] == ["d", "e", "2", "exec"]
    assert second.find("exclusions") is not None
    monkeypatch.setattr(programs, "PATH", str(tmp_path))
    assert maven.missing() == "apt-get install default-jre-headless maven"


@pytest.mark.parametrize(
    ("version", "said"),
    [("go1.26.8", ""), ("go1.25", ""), ("go1.19.8", "or newer, not go version go1.19")],
)
def test_go(
    version: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that is too old does not do, and none does not either."""
    monkeypatch.setattr(programs, "PATH", str(tmp_path))
    jaeger = programs.Go("example.org/jaeger@v2", "cmd/jaeger")
    assert jaeger.name == "jaeger"
    assert "https://go.dev/dl/" in jaeger.missing()
    go = tmp_path / "go"
    go.write_text(f"#!/bin/sh\necho go version {version} linux/amd64\n")
    go.chmod(0o755)
    assert said in jaeger.missing()
    assert bool(said) == bool(jaeger.missing())


def test_the_servers_are_told_apart() -> None:
    """By port, too; another name is no name of a server."""
    assert len({server.port for server in SERVERS.values()}) == len(SERVERS)
    assert set(ALIASES.values()) <= set(SERVERS)
    assert not set(ALIASES) & set(SERVERS)
