"""Servers of one's own, on ports where nobody looks: to be killed."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Final

from servers import processes
from servers.known import SERVERS
from servers.server import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers.server import Server

# RabbitMQ adds 20,000 for its nodes, and Kafka's controller is on the port after.
# Processes that run side by side begin at different ports: a server that has been
# given one takes it only seconds later.
_PORTS: Final = iter(range(24_000 + os.getpid() % 100 * 70, 32_000, 7))
_choosing: Final = Lock()


@contextmanager
def private(
    name: str, changed: Callable[[Server], Server] = lambda server: server
) -> Iterator[Server]:
    """Start a server on a port of its own, changed as wanted, and end it."""
    server = changed(at(SERVERS[name], _free_port()))
    server.up()
    try:
        yield server
    finally:
        server.down()


def at(server: Server, port: int) -> Server:
    """Give the same server on another port, with data of its own."""

    def moved(text: str) -> str:
        text = text.replace(f":{server.port + 1}", f":{port + 1}")
        return text.replace(str(server.port), str(port))

    environment = moved(server.environment)
    if server.name == "rabbit":
        environment = environment.replace("guide@", f"guide{port}@")
        environment += f" RABBITMQ_NODE_PORT={port}"
    return replace(
        server,
        name=f"{server.name}-{port}",
        port=port,
        command=moved(server.command),
        config=moved(server.config),
        environment=environment,
    )


def kill(server: Server) -> None:
    """Kill a server and all of its processes, as a machine does that loses power."""
    while living := server.living():
        for process in living:
            processes.send(process.pid, signal.SIGKILL)
            _reaped(process.pid)


def again(server: Server) -> None:
    """Start a server that was killed, with the data that it left."""
    server.start(server.get(), None, keep=True)


def _reaped(pid: int) -> None:
    # A child's child is reaped by its parent, or by init.
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _free_port() -> int:
    """Give a port that is free, with the next one, and that nobody was given before."""
    with _choosing:
        for port in _PORTS:
            with socket.socket() as one, socket.socket() as other:
                try:
                    one.bind((HOST, port))
                    other.bind((HOST, port + 1))
                except OSError:
                    continue
                return port
    raise SystemExit("no port is free for a server of one's own")
