"""The commands in `scripts`: their help, and the servers of `scripts/brokers`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from servers import programs
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
    """Keep the servers' data elsewhere."""
    monkeypatch.setattr(programs, "HOME", tmp_path)


@pytest.fixture
def greeter(tmp_path: Path) -> Iterator[Server]:
    """A server of our own, which is down."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = tmp_path / "greeter.py"
    program.write_text(GREETER)
    server = Server(
        name="greeter",
        program=Debian("greeter-server", sys.executable),
        port=port,
        command=f"{{program}} {program} {port} {{data}}",
        hello=b"hi",
        answer=b"hello",
    )
    yield server
    server.down()


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


def test_server_of_someone_else_is_used_and_left(greeter: Server) -> None:
    """Only what `up` started is ended by `down`."""
    command = greeter.command.format(program=sys.executable, data="elsewhere").split()
    with subprocess.Popen(command) as other:
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


def test_server_that_ends_at_once_shows_its_log(greeter: Server) -> None:
    """The reason is on the screen."""
    command = "{program} -c 'raise Exception(\"no room\")' {data}"
    broken = replace(greeter, command=command)
    with pytest.raises(SystemExit, match="no room"):
        broken.up()
