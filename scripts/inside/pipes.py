"""Connections of a program with itself: what one side writes, the other reads."""

from __future__ import annotations

import asyncio
from contextvars import Context
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from inside.missing import unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    Factory = Callable[[], Any]

HOSTS: Final = (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104


class Servers(asyncio.BaseEventLoop):
    """An event loop whose servers answer what runs in it."""

    def __init__(self) -> None:
        super().__init__()
        self.servers: dict[int, Factory] = {}
        self._ports = count(50_000)

    async def create_server(  # type: ignore[override]
        self, protocol_factory: Factory, host: Any = None, port: int = 0, **_: Any
    ) -> Server:
        """Begin to answer."""
        port = port or next(self._ports)
        self.servers[port] = protocol_factory
        return Server(self, host or "127.0.0.1", port)

    async def create_connection(
        self, protocol_factory: Factory, host: Any = None, port: Any = None, **_: Any
    ) -> tuple[Pipe, Any]:
        """Connect with one that answers.

        Raises:
            MissingError: There is none, or it would be on another machine.
        """
        if host not in HOSTS or port not in self.servers:
            raise unreachable(host, port)
        near, far = protocol_factory(), self.servers[port]()
        ours, theirs = Pipe(self, far), Pipe(self, near)
        ours.other, theirs.other = theirs, ours
        # The server has a context of its own.
        Context().run(far.connection_made, theirs)
        near.connection_made(ours)
        return ours, near


class Server(asyncio.AbstractServer):
    """What `asyncio.start_server` returns."""

    def __init__(self, loop: Servers, host: str, port: int) -> None:
        self._loop, self._address = loop, (host, port)
        self.sockets = (self,)

    def getsockname(self) -> tuple[str, int]:
        """Where it is, as its socket would tell."""
        return self._address

    def close(self) -> None:
        self._loop.servers.pop(self._address[1], None)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def is_serving(self) -> bool:
        return self._address[1] in self._loop.servers

    async def start_serving(self) -> None:
        """It does already."""

    async def serve_forever(self) -> None:
        await self._loop.create_future()

    async def wait_closed(self) -> None:
        """Nobody is connected for long."""


class Pipe(asyncio.Transport):
    """One end of a connection: the other side's protocol gets what is written."""

    other: Pipe

    def __init__(self, loop: asyncio.AbstractEventLoop, to: Any) -> None:
        super().__init__()
        self._loop, self._to, self._closing = loop, to, False

    def write(self, data: Any) -> None:
        self._soon(self._to.data_received, bytes(data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self._soon(self._to.eof_received)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._soon(self._to.connection_lost, None)
            self.other.close()

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def _soon(self, call: Callable[..., object], *args: object) -> None:
        self._loop.call_soon(call, *args, context=Context())
