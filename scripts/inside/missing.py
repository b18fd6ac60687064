"""What a page has not: a network, processes and input. A program is told so."""

from __future__ import annotations

import errno
import os
import socket
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORK: Final = (
    "a program has no network in a browser. The page starts its `app`, with the broker "
    "in memory."
)
PROCESSES: Final = "There are no processes in a browser."
INPUT: Final = "A program gets no input in a browser."
DEBUGGER: Final = "A debugger needs input, which a program does not get in a browser."
# What Python itself lacks there, by the module that it would take.
MODULES: Final = {"_multiprocessing": PROCESSES}
# The names of hosts, by the addresses that stand for them there.
NAMES: Final[dict[Any, str]] = {}


class MissingError(BaseException):
    """The program asks for what cannot be had; nothing tries it again and again."""


def unreachable(host: Any, port: Any) -> MissingError:
    """What a program is told that would connect to another one."""
    return MissingError(f"No connection to {host}:{port}: {NETWORK}")


def connect(_: socket.socket, address: Any) -> None:
    """Say that there is no network.

    Raises:
        MissingError: Always.
    """
    host, port = address[:2] if isinstance(address, tuple) else (address, "")
    raise unreachable(NAMES.get(host, host), port)


def listen(_: socket.socket, *__: Any) -> None:
    """Say that nobody could connect.

    Raises:
        MissingError: Always.
    """
    raise MissingError(f"Nothing can be served here: {NETWORK}")


def begin_process(*_: Any, **__: Any) -> None:
    """Say that there are no processes.

    Raises:
        OSError: Always, as where the system refuses one.
    """
    raise OSError(errno.ENOTSUP, PROCESSES.rstrip("."))


def debug(*_: Any, **__: Any) -> None:
    """Say that no debugger can be used.

    Raises:
        MissingError: Always.
    """
    raise MissingError(DEBUGGER)


def resolved(host: Any, *args: Any, **options: Any) -> Any:
    """Give the addresses of a host, and keep its name."""
    found = _resolved(host, *args, **options)
    NAMES.update({address[0]: host for *_, address in found})
    return found


_resolved = socket.getaddrinfo


def install() -> None:
    """Put these in their places."""
    socket.getaddrinfo = resolved
    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, connect)
    for name in ("bind", "listen"):
        setattr(socket.socket, name, listen)
    for name in ("fork", "forkpty", "posix_spawn", "system", "popen"):
        setattr(os, name, begin_process)
    sys.breakpointhook = debug


def missed(error: BaseException) -> str | None:
    """What an error comes from, if that is something that a browser has not."""
    for each in chain(error):
        if isinstance(each, EOFError):
            return INPUT
        if isinstance(each, OSError) and "processes" in str(each):
            return PROCESSES
        if isinstance(each, ModuleNotFoundError) and each.name:
            only = "The browser has what the guide's programs import, but no"
            return MODULES.get(each.name, f"{only} `{each.name}`.")
    return None


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and all that it comes from."""
    found, waiting = set(), [error]
    while waiting:
        each = waiting.pop()
        if id(each) in found:
            continue
        found.add(id(each))
        yield each
        waiting += getattr(each, "exceptions", ())  # of a group
        waiting += [it for it in (each.__cause__, each.__context__) if it]
