"""What answers at an address, found with sockets alone.

An exporter says that sending failed, and seldom why. This asks the address itself, in
the steps of a connection: the name, the port, TLS, and the protocol. It sends no
telemetry, and repeats nothing of what a server answers but its status.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from faststream_otel.doctor._address import Address, Protocol

Sight = Literal[
    "unresolved",  # the name has no address
    "unreachable",  # no way to the host
    "refused",  # nobody listens
    "silent",  # it takes a connection, or not even that, and says nothing
    "closed",  # it ends the connection without an answer
    "http",  # as it should, or HTTP where gRPC should be
    "grpc",  # likewise
    "tls",  # encrypted, where it should not be
    "plain",  # not encrypted, where it should be
    "authority",  # a certificate of an unknown authority
    "name",  # a certificate for another name
    "expired",  # a certificate that is not valid now
    "certificate",  # another fault of a certificate
    "client",  # it wants a certificate from the client
    "garbage",  # something else
]

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS: Final = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
_SETTINGS_TYPE: Final = 4
_ALERT: Final = b"\x15\x03"
_READ: Final = 4096
# X509_V_ERR_... of OpenSSL.
_CERTIFICATES: Final[dict[int, Sight]] = {
    9: "expired",  # not yet valid
    10: "expired",
    18: "authority",  # self-signed
    19: "authority",
    20: "authority",
    21: "authority",
    62: "name",
    64: "name",  # an IP address
}
_GRPC_ROOTS: Final = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
# What servers with TLS answer to those who speak without.
_BAD_REQUEST: Final = frozenset({400, 426})
# Headers that describe a body, which a look does not send.
_OF_THE_BODY: Final = frozenset({"content-encoding", "content-length", "host"})


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen at an address.

    Attributes:
        sight: What answered.
        status: The status, if HTTP answered.
        media: What the answer says that it is, such as `text/html`.
        words: What the operating system or TLS said, where that helps.
        behind_tls: Whether that was seen inside of TLS.
    """

    sight: Sight
    status: int = 0
    media: str = ""
    words: str = ""
    behind_tls: bool = False


def look(address: Address, patience: float) -> Seen:
    """Look at an address.

    Args:
        address: The address.
        patience: How long to wait in all, in seconds. Resolving the name is not
            bounded.
    """
    return _Look(address, monotonic() + patience).take()


class _Look:
    def __init__(self, address: Address, deadline: float) -> None:
        self._address = address
        self._deadline = deadline

    def take(self) -> Seen:
        """Go through the steps of a connection."""
        try:
            connection = self._connect()
        except (OSError, UnicodeError) as error:
            return _unconnected(error)
        with connection:
            if self._address.tls:
                return self._encrypted(connection)
            seen = self._greet(connection)
        unclear = seen.sight in {"closed", "garbage"}
        if (unclear or seen.status in _BAD_REQUEST) and self._speaks_tls():
            return Seen("tls")
        return self._otherwise(seen) if unclear else seen

    def _otherwise(self, seen: Seen) -> Seen:
        """Try the other protocol: not every server knows it by its greeting."""
        other: Protocol = "http" if self._address.protocol == "grpc" else "grpc"
        try:
            with self._connect() as connection:
                tried = self._greet(connection, other)
        except OSError:
            return seen
        return tried if tried.sight == other else seen

    def _encrypted(self, connection: socket.socket) -> Seen:
        name = self._address.host
        # What is left is for a look without TLS.
        connection.settimeout(self._left() / 2)
        try:
            context = context_of(self._address)
            with context.wrap_socket(connection, server_hostname=name) as encrypted:
                seen = self._greet(encrypted)
        except ssl.SSLCertVerificationError as error:
            sight = _CERTIFICATES.get(error.verify_code, "certificate")
            return Seen(sight, words=error.verify_message)
        except FileNotFoundError:
            return Seen("certificate", words="the file with the authorities is missing")
        except OSError:
            return self._without_tls()
        if seen.sight == "closed" and self._wants_a_certificate():
            return Seen("client")
        return replace(seen, behind_tls=True)

    def _wants_a_certificate(self) -> bool:
        """Whether a server says so before anything is said to it.

        What is on its way to a server that ends a connection makes the system forget
        why it did.
        """
        name = self._address.host
        try:
            with (
                self._connect() as connection,
                context_of(self._address).wrap_socket(
                    connection, server_hostname=name
                ) as encrypted,
            ):
                encrypted.recv(1)
        except OSError as error:
            return _misses_a_certificate(error)
        return False

    def _without_tls(self) -> Seen:
        """Find out what answers when TLS does not work."""
        try:
            with self._connect() as connection:
                seen = self._greet(connection)
        except OSError:
            return Seen("closed")
        return Seen("plain") if seen.sight in {"http", "grpc"} else seen

    def _speaks_tls(self) -> bool:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            with (
                self._connect() as connection,
                context.wrap_socket(connection, server_hostname=self._address.host),
            ):
                return True
        except OSError:
            return False

    def _connect(self) -> socket.socket:
        where = (self._address.host, self._address.port)
        return socket.create_connection(where, timeout=self._left())

    def _greet(
        self, connection: socket.socket, protocol: Protocol | None = None
    ) -> Seen:
        """Say what the exporter would say, and read the beginning of the answer."""
        answer = b""
        try:
            connection.settimeout(self._left())
            connection.sendall(self._greeting(protocol or self._address.protocol))
            # Of HTTP all headers are read, of all else what comes first.
            while len(answer) < _READ and b"\r\n\r\n" not in answer:
                connection.settimeout(self._left())
                more = connection.recv(_READ)
                answer += more
                if not more or not answer.startswith(b"HTTP"[: len(answer)]):
                    break
        except TimeoutError:
            if not answer:
                return Seen("silent")
        except OSError as error:
            if _misses_a_certificate(error):
                return Seen("client")
        return _read(answer)

    def _greeting(self, protocol: Protocol) -> bytes:
        if protocol == "grpc":
            return _PREFACE + _SETTINGS
        query = f"?{self._address.query}" if self._address.query else ""
        headers = {
            "host": f"{self._address.host}:{self._address.port}",
            "content-length": "0",
            "connection": "close",
        }
        headers |= {
            name: value
            for name, value in self._address.headers.items()
            if name not in _OF_THE_BODY
        }
        lines = [f"POST {self._address.path or '/'}{query} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")

    def _left(self) -> float:
        # A timeout of nothing would not wait at all.
        return max(self._deadline - monotonic(), 0.05)


def _misses_a_certificate(error: OSError) -> bool:
    return "CERTIFICATE_REQUIRED" in (getattr(error, "reason", None) or "")


def _unconnected(error: Exception) -> Seen:
    """Say why there is no connection."""
    # A name may have a label that is empty or too long.
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return Seen("unresolved")
    if isinstance(error, ConnectionRefusedError):
        return Seen("refused")
    if isinstance(error, TimeoutError):
        return Seen("silent", words="no connection")
    return Seen("unreachable", words=getattr(error, "strerror", None) or "")


def _read(answer: bytes) -> Seen:
    """Tell from its beginning what an answer is."""
    if not answer:
        return Seen("closed")
    if answer.startswith(_ALERT):
        return Seen("tls")
    if len(answer) >= len(_SETTINGS) and answer[3] == _SETTINGS_TYPE:
        return Seen("grpc")
    status = re.match(rb"HTTP/[\d.]+ (\d{3})", answer)
    if not status:
        return Seen("garbage")
    media = re.search(rb"(?i)\ncontent-type: *([\w/.+-]{1,80})", answer)
    return Seen(
        "http", int(status[1]), media[1].decode("ascii").lower() if media else ""
    )


def context_of(address: Address) -> ssl.SSLContext:
    """Believe the authorities that an exporter believes."""
    file = address.authority or _bundle(address)
    context = ssl.create_default_context(
        cafile=file if not os.path.isdir(file) else None,  # noqa: PTH112 - as requests
        capath=file if os.path.isdir(file) else None,  # noqa: PTH112
    )
    if address.authority is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if address.client:
        # If it is missing, the server will say so.
        with suppress(OSError):
            context.load_cert_chain(address.client[0], *address.client[1:])
    if address.protocol == "grpc":
        context.set_alpn_protocols(["h2"])
    return context


def _bundle(address: Address) -> str:
    """Find the authorities that an exporter's client brings."""
    if address.protocol == "grpc" and os.environ.get(_GRPC_ROOTS):
        return os.environ[_GRPC_ROOTS]
    with suppress(ImportError):
        import certifi  # noqa: PLC0415 - which requests brings

        return certifi.where()
    return ""
