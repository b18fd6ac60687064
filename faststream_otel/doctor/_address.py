"""Where an exporter sends, as it has resolved it, and who told it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import SplitResult, urlsplit

from faststream_otel.doctor._pipeline import endpoint, fields

if TYPE_CHECKING:
    from collections.abc import Mapping

Protocol = Literal["grpc", "http"]
# By the signal: where OTLP over HTTP is taken.
PATHS: Final = {"traces": "/v1/traces", "metrics": "/v1/metrics", "logs": "/v1/logs"}
PORTS: Final[dict[Protocol, int]] = {"grpc": 4317, "http": 4318}
BASE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
ZIPKIN: Final = "OTEL_EXPORTER_ZIPKIN_ENDPOINT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an exporter sends.

    Attributes:
        protocol: What it speaks.
        host: Without credentials.
        port: The one that is meant if none is written.
        path: For HTTP, without the query.
        tls: Whether it encrypts.
        usable: Whether it can be sent to at all.
        query: What follows the path. It may be secret.
        headers: What goes with each request. The values may be secret.
        overridden: The variable of `requests` that stands before a file that was given.
        client: The files of the client's own certificate and its key.
        authority: The file with the certificate authorities it believes; empty for
            those that its client brings, None if it believes anybody.
        variable: The environment variable that it comes from; empty if it was given in
            code, or is the default.
        is_default: Whether nobody said where to send.
    """

    protocol: Protocol
    host: str
    port: int
    path: str
    tls: bool
    usable: bool = True
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    authority: str | None = ""
    overridden: str = ""
    client: tuple[str, ...] = ()
    variable: str = ""
    is_default: bool = False

    def __str__(self) -> str:
        """Give the address without anything that may be secret."""
        if not self.usable:
            return f"{_bracketed(self.host)}, which has no http:// or https://"
        scheme = "https" if self.tls else "http"
        query = "?***" if self.query else ""
        return f"{scheme}://{_bracketed(self.host)}:{self.port}{self.path}{query}"

    @property
    def spoken(self) -> str:
        """What it speaks, in words."""
        return f"{'gRPC' if self.protocol == 'grpc' else 'HTTP'}" + (
            " with TLS" if self.tls else ""
        )

    def line(
        self,
        signal: str,
        *,
        host: str = "",
        port: int = 0,
        tls: bool | None = None,
        path: str | None = None,
    ) -> str:
        """Give the line that sends to the address, with some of it changed."""
        scheme = "https" if (self.tls if tls is None else tls) else "http"
        base = f"{scheme}://{_bracketed(host or self.host)}:{port or self.port}"
        if path is None:
            path = self.path
        if self.variable == BASE or self.is_default:
            base += path.removesuffix(PATHS.get(signal, ""))
            return f"{self.variable or BASE}={base.rstrip('/')}"
        if self.variable:
            return f"{self.variable}={base}{path}"
        return f'endpoint="{base}{path}"'


def address_of(
    exporter: object, signal: str, environment: Mapping[str, str]
) -> Address | None:
    """Give the address of an exporter; None if it has none that can be read."""
    kept = endpoint(exporter)
    if kept is None:
        return None
    inside = fields(exporter)
    if "_insecure" in inside:
        return _grpc(kept, inside, signal, environment)
    return _http(kept, exporter, signal, environment)


def _grpc(
    kept: str, inside: dict[str, Any], signal: str, environment: Mapping[str, str]
) -> Address | None:
    if "://" in kept or kept.startswith(("unix:", "dns:", "ipv4:", "ipv6:", "xds:")):
        # gRPC's own kinds of names.
        return None
    parts = urlsplit(f"//{kept}")
    host, port = parts.hostname or "", _port(parts, 443)
    variable, is_default = _origin(host, port, signal, environment, "grpc")
    insecure = bool(inside["_insecure"])
    authority = _first(environment, signal, "CERTIFICATE")
    return Address(
        protocol="grpc",
        host=host,
        port=port,
        path="",
        tls=not insecure,
        headers=_headers(inside.get("_headers")),
        authority=authority,
        client=_client(
            _first(environment, signal, "CLIENT_CERTIFICATE"),
            _first(environment, signal, "CLIENT_KEY"),
        ),
        variable=variable,
        is_default=is_default,
    )


def _http(
    kept: str, exporter: object, signal: str, environment: Mapping[str, str]
) -> Address | None:
    parts = urlsplit(kept)
    usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    if not usable and "://" in kept:
        return None
    if not usable:
        parts = urlsplit(f"//{kept}")
    tls = parts.scheme == "https"
    host, port = parts.hostname or "", _port(parts, 443 if tls else 80)
    variable, is_default = _origin(host, port, signal, environment, "http")
    holder = session_of(exporter)
    headers: dict[str, str] = {}
    for name in ("_headers", "headers"):
        headers |= _headers(fields(exporter).get(name))
        headers |= _headers(fields(fields(exporter).get("_client")).get(name))
        headers |= _headers(getattr(holder, name, None))
    verify = getattr(holder, "verify", True)
    overridden = _bundle(environment) if getattr(holder, "trust_env", True) else ""
    if "_certificate_file" in fields(exporter):
        # Exporters before 1.41 hand it over with each request, and so it counts.
        verify, overridden = fields(exporter)["_certificate_file"], ""
    client = fields(exporter).get("_client_cert", getattr(holder, "cert", None))
    return Address(
        protocol="http",
        host=host,
        port=port,
        path=parts.path or "/",
        tls=tls,
        usable=usable,
        query=parts.query,
        headers=headers,
        authority=_authority(environment.get(overridden) or verify),
        overridden=overridden if isinstance(verify, str) else "",
        client=_client(*(client if isinstance(client, tuple) else (client,))),
        variable=variable,
        is_default=is_default,
    )


def session_of(exporter: object, depth: int = 3) -> Any:
    """Give the session of `requests` that an exporter sends with, if it has one."""
    for value in fields(exporter).values():
        kind = type(value)
        if any(base.__module__ == "requests.sessions" for base in kind.__mro__):
            return value
        if depth and kind.__module__.startswith("opentelemetry.exporter"):
            found = session_of(value, depth - 1)
            if found is not None:
                return found
    return None


def _authority(verify: object) -> str | None:
    if isinstance(verify, str):
        return verify
    return "" if verify else None


def _bundle(environment: Mapping[str, str]) -> str:
    """Name the variable that tells `requests` which authorities to believe."""
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    return next((name for name in names if environment.get(name)), "")


def _client(*files: str | None) -> tuple[str, ...]:
    return tuple(each for each in files if each)


def _headers(given: Any) -> dict[str, str]:
    """Give headers, in lower case, whatever they are kept in."""
    pairs = getattr(given, "items", lambda: given or ())()
    found = {}
    for pair in pairs:
        if isinstance(pair, tuple) and len(pair) == 2:  # noqa: PLR2004 - a pair
            name, value = (
                each.decode("latin-1") if isinstance(each, bytes) else str(each)
                for each in pair
            )
            found[name.lower()] = value
    return found


def _port(parts: SplitResult, default: int) -> int:
    try:
        return parts.port or default
    except ValueError:  # no number
        return default


def _first(environment: Mapping[str, str], signal: str, what: str) -> str:
    """Give a variable of OTLP: the signal's own, or else the one for all."""
    own = environment.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_{what}", "")
    return own or environment.get(f"OTEL_EXPORTER_OTLP_{what}", "")


def _origin(
    host: str,
    port: int,
    signal: str,
    environment: Mapping[str, str],
    protocol: Protocol,
) -> tuple[str, bool]:
    """Find the variable that names this host and port, and whether they are default."""
    own = f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"
    for name in (own, BASE, ZIPKIN):
        value = environment.get(name, "")
        if not value:
            continue
        parts = urlsplit(value)
        if not parts.hostname or parts.scheme not in {"http", "https"}:
            parts = urlsplit(f"//{value}")
        tls = parts.scheme == "https"
        usual = 443 if protocol == "grpc" or tls else 80
        if (parts.hostname, _port(parts, usual)) == (host, port):
            return name, False
    unset = not any(environment.get(name) for name in (own, BASE))
    return "", unset and (host, port) == ("localhost", PORTS[protocol])


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
