"""Servers as containers, where an engine runs: the services of `compose.yaml`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from servers.programs import Debian

if TYPE_CHECKING:
    from servers.server import Server

FILE = Path(__file__).parent / "compose.yaml"
ENGINES = ("docker", "podman")


def engine() -> str | None:
    """Give the engine that runs here, and has compose, if there is one."""
    for name in filter(Debian.find, ENGINES):
        needed = ([name, "info"], [name, "compose", "version"])
        if all(quiet(command) for command in needed):
            return name
    return None


def quiet(command: list[str]) -> bool:
    """Run a command for its exit code."""
    return not subprocess.run(command, capture_output=True, check=False).returncode


def start(server: Server, with_: str) -> None:
    """Start the service of this name, and wait until it is healthy."""
    server.data.mkdir(parents=True, exist_ok=True)
    mark(server).write_text(with_)
    compose(with_, server, "up", "--detach", "--wait", server.name)


def stop(server: Server) -> str:
    """End what `start` started; say with what, or nothing if it started nothing."""
    if not mark(server).exists():
        return ""
    with_ = mark(server).read_text()
    compose(with_, server, "rm", "--stop", "--force", "--volumes", server.name)
    mark(server).unlink()
    return with_


def mark(server: Server) -> Path:
    """Where it says with which engine the server was started."""
    return server.folder / "engine"


def compose(with_: str, server: Server, *arguments: str) -> None:
    """Run a command of compose; what it prints is progress."""
    # What is written to a folder of the checkout is to be the user's.
    own = {
        "COLLECTOR_DATA": str(server.data),
        "COLLECTOR_USER": f"{os.getuid()}:{os.getgid()}",
    }
    command = [with_, "compose", "--file", str(FILE), *arguments]
    environment = {**os.environ, **own}
    done = subprocess.run(command, env=environment, stdout=sys.stderr, check=False)
    if done.returncode:
        raise SystemExit(f"{server.name}: {' '.join(command)} failed")
