"""Servers that several scenarios use, one after the other: nobody kills them."""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Final

from servers.private import private

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.server import Server

# How large a message may be, in bytes, for each server that can be told so. NATS takes
# one MiB by itself, and so do the clients of Kafka.
LIMIT: Final = 65_536
_REDIS_LIMIT: Final = 1 << 20
# A kind of broker for each server: the other kinds talk to the same ones.
ONE_PER_SERVER: Final = ("kafka", "rabbit", "nats", "redis-channel", "mqtt")

_running: Final[dict[str, Server]] = {}
_locks: Final[defaultdict[str, Lock]] = defaultdict(Lock)
_until_the_end: Final = ExitStack()


def shared(kind: str) -> Server:
    """Give the server of a kind of broker, which runs until `ending`."""
    name = server_of(kind)
    with _locks[name]:
        if name not in _running:
            server = _until_the_end.enter_context(private(name, _limited))
            _running[name] = server
    return _running[name]


def server_of(kind: str) -> str:
    """Give the name of the server that a kind of broker talks to."""
    name = kind.partition("-")[0]
    return "kafka" if name == "confluent" else name


@contextmanager
def ending() -> Iterator[None]:
    """End all of them at the end."""
    try:
        yield
    finally:
        _running.clear()
        _until_the_end.close()


def _limited(server: Server) -> Server:
    """Have a server refuse messages that are large."""
    command, config, environment = server.command, server.config, server.environment
    match server.name.partition("-")[0]:
        case "kafka":
            config += f"message.max.bytes={LIMIT}\nnum.partitions=4\n"
        case "rabbit":
            limit = f"-rabbit max_message_size {LIMIT}"
            environment = environment.replace("'-kernel", f"'{limit} -kernel")
        case "redis":
            command += f" --proto-max-bulk-len {_REDIS_LIMIT}"
        case "mqtt":
            config += f"message_size_limit {LIMIT}\n"
    return replace(server, command=command, config=config, environment=environment)
