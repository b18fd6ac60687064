"""The commands in `scripts`: their help, and the servers of `scripts/brokers`."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTS = Path(__file__).parents[1] / "scripts"
# A server is to live on when the command that started it has ended.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running")
COMMANDS = sorted(path for path in SCRIPTS.iterdir() if os.access(path, os.X_OK))

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


@pytest.fixture
def brokers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`scripts/brokers` as a module, with its data elsewhere."""
    loader = SourceFileLoader("brokers", str(SCRIPTS / "brokers"))
    spec = importlib.util.spec_from_loader("brokers", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks for its module there.
    monkeypatch.setitem(sys.modules, "brokers", module)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    monkeypatch.setattr(module, "HOME", tmp_path)
    return module


@pytest.fixture
def greeter(brokers: Any, tmp_path: Path) -> Iterator[Any]:
    """A server of our own, which is down."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = tmp_path / "greeter.py"
    program.write_text(GREETER)
    server = brokers.Server(
        name="greeter",
        package="greeter-server",
        port=port,
        command=f"{sys.executable} {program} {port} {{data}}",
        hello=b"hi",
        answer=b"hello",
    )
    yield server
    server.down()


def test_up_and_down(greeter: Any) -> None:
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


def test_server_of_someone_else_is_used_and_left(greeter: Any) -> None:
    """Only what `up` started is ended by `down`."""
    command = greeter.command.format(data="elsewhere").split()
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


def test_port_of_another_kind_of_server_is_refused(brokers: Any, greeter: Any) -> None:
    """What answers in another way is not taken for the server."""
    greeter.up()
    values = {**vars(greeter), "name": "other", "hello": b"HI"}
    other = brokers.Server(**values)
    with pytest.raises(SystemExit, match="taken by something else"):
        other.up()


def test_missing_program_says_how_to_get_it(brokers: Any, greeter: Any) -> None:
    """It names Debian's package."""
    missing = brokers.Server(**{**vars(greeter), "command": "no-such-program {data}"})
    with pytest.raises(SystemExit, match="apt-get install greeter-server"):
        missing.up()


def test_server_that_ends_at_once_shows_its_log(brokers: Any, greeter: Any) -> None:
    """The reason is on the screen."""
    command = f"{sys.executable} -c 'raise Exception(\"no room\")' {{data}}"
    broken = brokers.Server(**{**vars(greeter), "command": command})
    with pytest.raises(SystemExit, match="no room"):
        broken.up()
