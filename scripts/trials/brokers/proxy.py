"""A connection that is cut: a proxy in front of a server, in a thread of its own."""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Proxy:
    """Passes on what comes, until it is cut.

    Args:
        port: Where the server is.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._refuses = Event()
        self.port: int = self._server.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Reset all connections, and each new one until `mend`."""
        self._refuses.set()
        with self._lock:
            connections, self._open = self._open, set()
        for each in connections:
            _reset(each)

    def mend(self) -> None:
        """Pass on again what comes."""
        self._refuses.clear()

    def close(self) -> None:
        """End it all."""
        self.cut()
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                if self._refuses.is_set():
                    _reset(client)
                    continue
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    _reset(client)
                    continue
                with self._lock:
                    self._open |= {client, server}
                for one, other in ((client, server), (server, client)):
                    Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    _reset(one)
    _reset(other)


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    """Put a proxy in front of a server."""
    between = Proxy(port)
    try:
        yield between
    finally:
        between.close()
