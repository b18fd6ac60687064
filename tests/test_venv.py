"""What every script does first: it makes `.venv`, or says why it cannot."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.checkout import LONG, PROC, Command, copy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A reader's own settings are not to reach an index.
NOWHERE = {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}


# Each makes an environment.
pytestmark = pytest.mark.long


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout, without `.venv`."""
    return copy(tmp_path, venv=False)


@contextmanager
def silent_index() -> Iterator[tuple[str, threading.Event]]:
    """An index that is asked, and does not answer: its address, and when it was."""
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1)
                asked.set()
                # Until it is asked no more.
                while connection.recv(4096):
                    pass

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple", asked
        thread.join(LONG)


def test_no_network(checkout: Path) -> None:
    """It says so in a few lines, and what it left is not taken for whole."""
    # Nobody can listen there.
    nowhere = {**NOWHERE, "PIP_INDEX_URL": "http://127.0.0.1:0/", "PIP_RETRIES": "1"}
    command = Command(checkout, "docs", **nowhere)
    assert command.wait() == 1
    assert "Setting up .venv" in command.said[0]
    assert "Can this machine reach a package index?\n" in command.said
    assert "the next run starts again" in command.said[-1]
    assert len(command.said) < 9
    command.check_nothing_is_left()
    assert not (checkout / ".venv" / "stamp").exists()
    sets_up(checkout)


def sets_up(root: Path) -> None:
    """A command begins to make `.venv`; it is not let do so."""
    command = Command(root, "docs", **NOWHERE)
    command.until("Setting up .venv")
    command.interrupt()
    assert command.wait() == 128 + signal.SIGINT, command.text()


@pytest.mark.skipif(not PROC.is_dir(), reason="processes are found in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_packages_are_fetched(
    checkout: Path, number: signal.Signals
) -> None:
    """Pip ends, too."""
    with silent_index() as (address, asked):
        command = Command(checkout, "docs", **NOWHERE, PIP_INDEX_URL=address)
        try:
            assert asked.wait(LONG)
            assert any("pip" in line for line in command.processes())
            command.process.send_signal(number)
            assert command.wait() == 128 + number
        finally:
            command.end()
    assert command.said[-1] == "Stopped: the next run sets up .venv again.\n"
    assert not (checkout / ".venv" / "stamp").exists()
    command.check_nothing_is_left()


def test_second_command_waits(checkout: Path) -> None:
    """Two that set it up at the same time would take it from each other."""
    with silent_index() as (address, asked):
        first = Command(checkout, "docs", **NOWHERE, PIP_INDEX_URL=address)
        second = None
        try:
            assert asked.wait(LONG)
            second = Command(checkout, "check", **NOWHERE, PIP_INDEX_URL="nowhere")
            second.until("Another command is setting up .venv")
            first.interrupt()
            first.wait()
            # It is its turn now.
            second.until("Setting up .venv")
        finally:
            first.end()
            if second is not None:
                second.interrupt()
                second.wait()
                second.end()


def test_old_python(checkout: Path, tmp_path: Path) -> None:
    """It names what it found, and what it wants."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "cat", "dirname", "env", "sed"):
        (tools / name).symlink_to(str(shutil.which(name)))
    python = tools / "python3"
    python.write_text(
        "#!/bin/sh\ncase $2 in *print*) echo 3.9.2 ;; *) exit 1 ;; esac\n"
    )
    python.chmod(0o755)
    command = Command(checkout, "docs", PATH=str(tools))
    assert command.wait() == 1
    assert "  python3: 3.9.2\n" in command.said
    assert command.said[-1].startswith("Found no Python 3.11 or newer")
    assert not (checkout / ".venv").exists()


def test_without_a_network_once_it_is_there(tmp_path: Path) -> None:
    """What is whole is asked for nothing."""
    root = copy(tmp_path)
    command = Command(root, "docs", "--no-such", PIP_INDEX_URL="http://127.0.0.1:0")
    assert command.wait() == 2
    assert "Setting up" not in command.text()
    assert "--no-such" in command.text()
    # Other packages, another .venv.
    (root / "constraints.txt").write_text("")
    # This process's own stay.
    for part in ("bin", "lib", "pyvenv.cfg"):
        (root / ".venv" / part).unlink()
    (root / ".venv" / "bin").mkdir()
    (root / ".venv" / "bin" / "python").symlink_to(sys.executable)
    sets_up(root)
