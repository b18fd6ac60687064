"""Small servers on loopback that answer an exporter as real ones do on a bad day."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOST = "127.0.0.1"
# How often a server looks whether it is to stop, in seconds.
OFTEN = 0.01


@dataclass
class Server:
    """A server that runs.

    Attributes:
        port: Where.
        bodies: The requests that came, by path, or by method for gRPC.
        headers: The headers of the last of them.
    """

    port: int
    bodies: dict[str, list[bytes]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def take(self, path: str, body: bytes, headers: Any) -> None:
        """Keep a request."""
        self.bodies.setdefault(path, []).append(body)
        self.headers = {name.lower(): value for name, value in headers}


@contextlib.contextmanager
def over_http(
    status: int | Callable[[], int] = 200,
    *,
    paths: dict[str, int] | None = None,
    tls: ssl.SSLContext | None = None,
    media: str = "application/x-protobuf",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Iterator[Server]:
    """Answer HTTP with a status, one for each request, or one for each path."""

    def status_of(path: str) -> int:
        if paths is not None:
            return paths.get(path, 404)
        return status() if callable(status) else status

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"] or 0))
            server.take(self.path, sent, self.headers.items())
            self.send_response(status_of(self.path))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing of clients that give up."""

    with Quiet((HOST, 0), Handler) as listener:
        if tls:
            listener.socket = tls.wrap_socket(
                listener.socket, server_side=True, do_handshake_on_connect=False
            )
        server = Server(listener.server_port)
        thread = Thread(target=listener.serve_forever, args=(OFTEN,))
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


@contextlib.contextmanager
def over_grpc(
    code: grpc.StatusCode | Callable[[], grpc.StatusCode] = grpc.StatusCode.OK,
    *,
    services: tuple[str, ...] = ("trace", "metrics", "logs"),
    credentials: grpc.ServerCredentials | None = None,
) -> Iterator[Server]:
    """Answer gRPC with a status, or with one for each request."""

    def export(body: bytes, context: grpc.ServicerContext) -> bytes:
        server.take("export", body, context.invocation_metadata())
        answer = code() if callable(code) else code
        if answer is not grpc.StatusCode.OK:
            context.abort(answer, "its words")
        return b""

    class Every(grpc.GenericRpcHandler):
        def service(self, details: grpc.HandlerCallDetails) -> Any:
            if any(f".{each}.v1." in str(details.method) for each in services):
                return grpc.unary_unary_rpc_method_handler(export)
            return None

    with ThreadPoolExecutor() as pool:
        listener = grpc.server(pool, handlers=[Every()])
        if credentials:
            port = listener.add_secure_port(f"{HOST}:0", credentials)
        else:
            port = listener.add_insecure_port(f"{HOST}:0")
        server = Server(port)
        listener.start()
        try:
            yield server
        finally:
            listener.stop(grace=None).wait()


@contextlib.contextmanager
def saying(words: bytes | None) -> Iterator[Server]:
    """Take connections and say the same to all; with None, say nothing at all."""
    connections: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                if words is not None:
                    with contextlib.suppress(OSError):
                        connection.recv(4096)
                        connection.sendall(words)
                        connection.shutdown(socket.SHUT_RDWR)

    with socket.create_server((HOST, 0)) as listener:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield Server(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in connections:
                each.close()


@contextlib.contextmanager
def nobody() -> Iterator[Server]:
    """Keep a port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        yield Server(taken.getsockname()[1])


@dataclass(frozen=True)
class Certificates:
    """Certificates of an authority of one's own, made by the program `openssl`."""

    folder: Path

    @property
    def authority(self) -> str:
        """The file with the authority's certificate."""
        return str(self.folder / "ca.pem")

    def make(self) -> None:
        """Make the authority and its certificates."""
        # What Python looks for from 3.13 on.
        self._openssl(
            "req -x509 -nodes -subj /CN=ca -keyout ca.key -out ca.pem "
            "-addext keyUsage=critical,keyCertSign,cRLSign",
            new=1,
        )
        for name, alternative, days in (
            ("right", "IP:127.0.0.1", 30),
            ("other", "DNS:collector.example", 30),
            # Over as soon as it is made; some versions refuse a day before that.
            ("expired", "IP:127.0.0.1", 0),
        ):
            (self.folder / f"{name}.ext").write_text(
                f"subjectAltName={alternative}\n"
                "basicConstraints=CA:FALSE\n"
                "subjectKeyIdentifier=hash\n"
                "authorityKeyIdentifier=keyid\n"
            )
            self._openssl(
                f"req -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr", new=1
            )
            self._openssl(
                f"x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial "
                f"-extfile {name}.ext -days {days} -out {name}.pem"
            )

    def _openssl(self, arguments: str, new: int = 0) -> None:
        key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 " if new else ""
        verb, _, rest = arguments.partition(" ")
        command = f"openssl {verb} {key}{rest}".split()
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

    def of(self, name: str, *, clients: bool = False) -> ssl.SSLContext:
        """Give what a server with a certificate needs."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file(name), self.file(name, "key"))
        if clients:
            context.load_verify_locations(self.authority)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def of_grpc(self, name: str, *, clients: bool = False) -> grpc.ServerCredentials:
        """Give the same for gRPC."""
        key, chain = (
            (self.folder / f"{name}.{kind}").read_bytes() for kind in ("key", "pem")
        )
        root = (self.folder / "ca.pem").read_bytes() if clients else None
        return grpc.ssl_server_credentials(
            [(key, chain)], root, require_client_auth=clients
        )

    def file(self, name: str, kind: str = "pem") -> str:
        """Give the path of a file."""
        return str(self.folder / f"{name}.{kind}")
