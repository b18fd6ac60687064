"""Collectors that are well, and those that are not: on a port of this machine."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc

from servers.answering import HOST, Certificates, nobody, over_grpc, over_http, saying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from servers.answering import Server

# What an answer takes that is slow, in seconds.
SLOW: Final = 1.5
_GARBAGE: Final = b"\x00\xff" * 64


@dataclass(frozen=True)
class Collector:
    """Where a collector is, and whose certificates to trust."""

    endpoint: str
    authority: str = ""


@contextmanager
def _at(server: AbstractContextManager[Server]) -> Iterator[Collector]:
    with server as running:
        yield Collector(f"http://{HOST}:{running.port}")


def _taking(
    protocol: str, takes: Callable[[], bool]
) -> AbstractContextManager[Collector]:
    """Take what `takes` says, and say of the rest that it cannot be taken now."""
    if protocol == "grpc":
        codes = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.OK
        return _at(over_grpc(lambda: codes[takes()]))
    return _at(over_http(lambda: (503, 200)[takes()]))


def healthy(protocol: str) -> AbstractContextManager[Collector]:
    """It takes what it is sent."""
    return _taking(protocol, lambda: True)


def refused(_: str) -> AbstractContextManager[Collector]:
    """Nobody listens."""
    return _at(nobody())


def silent(_: str) -> AbstractContextManager[Collector]:
    """It accepts connections and never answers."""
    return _at(saying(None))


def garbage(_: str) -> AbstractContextManager[Collector]:
    """It answers with bytes that no protocol knows."""
    return _at(saying(_GARBAGE))


def slow(protocol: str) -> AbstractContextManager[Collector]:
    """It takes its time."""

    def takes() -> bool:
        time.sleep(SLOW)
        return True

    return _taking(protocol, takes)


def unavailable(protocol: str) -> AbstractContextManager[Collector]:
    """It says that it cannot, with 503 or UNAVAILABLE."""
    return _taking(protocol, lambda: False)


def flapping(protocol: str) -> AbstractContextManager[Collector]:
    """It takes every other request, and cannot in between."""
    turns = cycle((False, True))
    return _taking(protocol, lambda: next(turns))


@contextmanager
def expired(protocol: str) -> Iterator[Collector]:
    """Its certificate is over."""
    with tempfile.TemporaryDirectory() as folder:
        certificates = Certificates(Path(folder))
        certificates.make()
        if protocol == "grpc":
            server = over_grpc(credentials=certificates.of_grpc("expired"))
        else:
            server = over_http(tls=certificates.of("expired"))
        with server as running:
            endpoint = f"https://{HOST}:{running.port}"
            yield Collector(endpoint, certificates.authority)


FAULTS: Final = {
    "refused": refused,
    "silent": silent,
    "slow": slow,
    "503": unavailable,
    "garbage": garbage,
    "flapping": flapping,
    "expired": expired,
}
