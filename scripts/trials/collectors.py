"""Collectors that are well, and such as are not: on a port of this machine."""

from __future__ import annotations

import socket
import ssl
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

import grpc
import trustme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

HEALTHY: Final = "healthy"
# What an answer takes that is slow, in seconds.
SLOW: Final = 1.5
GARBAGE: Final = b"\x00\xff" * 64


@dataclass(frozen=True)
class Collector:
    """Where a collector is, and whose certificates to trust."""

    endpoint: str
    authority: str = ""


@dataclass
class _Stopping:
    """Ends what waits for the end of a collector."""

    stopped: Event = field(default_factory=Event)

    def wait(self, seconds: float | None = None) -> None:
        self.stopped.wait(seconds)


def _port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def refused(_: str) -> Iterator[Collector]:
    """Nobody listens."""
    yield Collector(f"http://127.0.0.1:{_port()}")


@contextmanager
def _listening(answer: Callable[[socket.socket], None]) -> Iterator[Collector]:
    """Whatever is sent, `answer` decides what comes back."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            connections = []
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connections.append(connection)
                    answer(connection)
            for connection in connections:
                connection.close()

        thread = Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield Collector(f"http://127.0.0.1:{server.getsockname()[1]}")
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@contextmanager
def silent(_: str) -> Iterator[Collector]:
    """It accepts connections and never answers."""
    with _listening(lambda connection: None) as collector:
        yield collector


@contextmanager
def garbage(_: str) -> Iterator[Collector]:
    """It answers with bytes that no protocol knows."""

    def answer(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(GARBAGE)
            connection.shutdown(socket.SHUT_WR)

    with _listening(answer) as collector:
        yield collector


@contextmanager
def healthy(protocol: str) -> Iterator[Collector]:
    """It takes what it is sent."""
    with _answering(protocol, lambda _: True) as collector:
        yield collector


@contextmanager
def slow(protocol: str) -> Iterator[Collector]:
    """It takes its time."""
    stopping = _Stopping()

    def answer(_: int) -> bool:
        stopping.wait(SLOW)
        return True

    with _answering(protocol, answer) as collector:
        try:
            yield collector
        finally:
            stopping.stopped.set()


@contextmanager
def unavailable(protocol: str) -> Iterator[Collector]:
    """It says that it cannot, with 503 or UNAVAILABLE."""
    with _answering(protocol, lambda _: False) as collector:
        yield collector


@contextmanager
def flapping(protocol: str) -> Iterator[Collector]:
    """It takes every other request, and cannot in between."""
    with _answering(protocol, lambda number: number % 2 == 1) as collector:
        yield collector


@contextmanager
def expired(protocol: str) -> Iterator[Collector]:
    """Its certificate was good until yesterday."""
    authority = trustme.CA()
    yesterday = datetime.now(timezone.utc) - timedelta(days=1)
    certificate = authority.issue_cert("localhost", not_after=yesterday)
    with (
        _answering(protocol, lambda _: True, certificate) as collector,
        tempfile.TemporaryDirectory() as folder,
    ):
        trusted = Path(folder) / "authority.pem"
        authority.cert_pem.write_to_path(str(trusted))
        yield Collector(collector.endpoint, str(trusted))


def _answering(
    protocol: str,
    answer: Callable[[int], bool],
    certificate: trustme.LeafCert | None = None,
) -> AbstractContextManager[Collector]:
    return (_over_grpc if protocol == "grpc" else _over_http)(answer, certificate)


@contextmanager
def _over_http(
    answer: Callable[[int], bool], certificate: trustme.LeafCert | None
) -> Iterator[Collector]:
    requests = count()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            taken = answer(next(requests))
            with suppress(OSError):
                self.send_response(200 if taken else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Whoever hangs up is no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        scheme, host = "http", "127.0.0.1"
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            certificate.configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme, host = "https", "localhost"
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Collector(f"{scheme}://{host}:{server.server_port}")
        finally:
            server.shutdown()


@contextmanager
def _over_grpc(
    answer: Callable[[int], bool], certificate: trustme.LeafCert | None
) -> Iterator[Collector]:
    requests = count()

    def take(_: bytes, context: grpc.ServicerContext) -> bytes:
        if not answer(next(requests)):
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        return b""  # of every answer of OTLP: all was taken

    class Anything(grpc.GenericRpcHandler):
        def service(
            self, details: grpc.HandlerCallDetails
        ) -> grpc.RpcMethodHandler[bytes, bytes]:
            return grpc.unary_unary_rpc_method_handler(take)

    with ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool, handlers=[Anything()])
        if certificate:
            chain = b"".join(each.bytes() for each in certificate.cert_chain_pems)
            key = certificate.private_key_pem.bytes()
            port = server.add_secure_port(
                "localhost:0", grpc.ssl_server_credentials([(key, chain)])
            )
            endpoint = f"https://localhost:{port}"
        else:
            port = server.add_insecure_port("127.0.0.1:0")
            endpoint = f"http://127.0.0.1:{port}"
        server.start()
        try:
            yield Collector(endpoint)
        finally:
            server.stop(grace=None).wait()


FAULTS: Final = {
    "refused": refused,
    "silent": silent,
    "slow": slow,
    "503": unavailable,
    "garbage": garbage,
    "flapping": flapping,
    "expired": expired,
}
