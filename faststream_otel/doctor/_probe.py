"""Checks of sending: one span, for real, through each exporter that has an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from faststream_otel.doctor._address import address_of
from faststream_otel.doctor._examining import Task, examine, proxy_for
from faststream_otel.doctor._finding import Fact, Finding, Rule
from faststream_otel.doctor._grouping import findings
from faststream_otel.doctor._pipeline import resource_of, routes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel.doctor._examining import Outcome
    from faststream_otel.doctor._service import Service, Signal

_DROPPED: Final = (
    "The exporter tries again for some seconds, and then drops what it has. "
    "Only its log tells."
)

UNRESOLVED: Final = Rule(
    code="FSO311",
    kind="error",
    title="No host has the name that {signals} are sent to: {address}",
    why=_DROPPED,
    remedy="Name the host as this process can see it, such as {line}",
)
REFUSED: Final = Rule(
    code="FSO312",
    kind="error",
    title="Nothing listens where {signals} are sent: {address}",
    why=f"{_DROPPED} In a container, localhost is the container itself.",
    remedy="Start a Collector there, or name the host that has one: {line}",
)
UNREACHABLE: Final = Rule(
    code="FSO313",
    kind="error",
    title="There is no way to the host that {signals} are sent to: {address}",
    why=_DROPPED,
    remedy="Name a host that this network reaches: {line}",
)
SILENT: Final = Rule(
    code="FSO314",
    kind="error",
    title="Nothing answers where {signals} are sent: {address}",
    why=f"{_DROPPED} A service that stops waits for it.",
    remedy="Look for a firewall or a Collector that hangs, or name another: {line}",
)
CLOSED: Final = Rule(
    code="FSO315",
    kind="error",
    title="Connections are ended without an answer where {signals} are sent: {address}",
    why=_DROPPED,
    remedy="Look into the log of the server or the proxy at {address}, or name "
    "another: {line}",
)
SPEAKS_GRPC: Final = Rule(
    code="FSO316",
    kind="error",
    title="{signals} are sent by HTTP to a port that speaks gRPC: {address}",
    why=_DROPPED,
    remedy="{line}, or keep the port and set OTEL_EXPORTER_OTLP_PROTOCOL=grpc "
    "(in code: an exporter of opentelemetry.exporter.otlp.proto.grpc)",
)
SPEAKS_HTTP: Final = Rule(
    code="FSO317",
    kind="error",
    title="{signals} are sent by gRPC to a port that speaks HTTP: {address}",
    why=_DROPPED,
    remedy="{line}, or keep the port and set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf "
    "(in code: an exporter of opentelemetry.exporter.otlp.proto.http)",
)
NO_TLS: Final = Rule(
    code="FSO318",
    kind="error",
    title="{signals} are sent with TLS to a port that has none: {address}",
    why=f"{_DROPPED} An address for gRPC without http:// means TLS.",
    remedy="{line}",
)
TLS: Final = Rule(
    code="FSO319",
    kind="error",
    title="{signals} are sent without TLS to a port that wants it: {address}",
    why=_DROPPED,
    remedy="{line}",
)
AUTHORITY: Final = Rule(
    code="FSO321",
    kind="error",
    title="The certificate at {address} is of an authority that is not known here",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="OTEL_EXPORTER_OTLP_CERTIFICATE=/path/to/ca.pem, the file that has the "
    "certificate of this authority",
)
OTHER_NAME: Final = Rule(
    code="FSO322",
    kind="error",
    title="The certificate at {address} is for another name",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="Name the host as its certificate does: {line}",
)
EXPIRED: Final = Rule(
    code="FSO323",
    kind="error",
    title="The certificate at {address} is not valid at this time",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="Renew the certificate of the server, and look at the clock of this machine",
)
CERTIFICATE: Final = Rule(
    code="FSO324",
    kind="error",
    title="The certificate at {address} could not be checked",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="Look at OTEL_EXPORTER_OTLP_CERTIFICATE, and at the server's certificate",
)
CLIENT_CERTIFICATE: Final = Rule(
    code="FSO325",
    kind="error",
    title="The server at {address} wants a certificate from this service",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=/path/to/client.pem and "
    "OTEL_EXPORTER_OTLP_CLIENT_KEY=/path/to/client.key",
)
BUNDLE: Final = Rule(
    code="FSO326",
    kind="error",
    title="The file with the authority of {address} is not read",
    why="{bundle} is set, and requests, which the exporter sends with, then reads that "
    "file instead. So {signals} are not sent.",
    remedy="Unset {bundle}, or add the certificate of the authority to its file",
)
CREDENTIALS: Final = Rule(
    code="FSO331",
    kind="error",
    title="The server at {address} refuses the credentials that go with {signals}",
    why="Everything is dropped at once, and only the exporter's log tells.",
    remedy="OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20... with the token of "
    "this server; its name and its form are in the backend's manual",
)
PATH: Final = Rule(
    code="FSO332",
    kind="error",
    title="The server has nothing at the path that {signals} are sent to: {address}",
    why="Everything is dropped at once. OTEL_EXPORTER_OTLP_ENDPOINT gets /v1/traces "
    "and so on added; the variables of one signal, and endpoint= in code, are taken as "
    "they are.",
    remedy="{line}",
)
UNIMPLEMENTED: Final = Rule(
    code="FSO333",
    kind="error",
    title="The server at {address} does not take {signals}",
    why="Everything is dropped at once, and only the exporter's log tells.",
    remedy="Give the Collector a pipeline for {signals}, or send none: {off}",
)
BUSY: Final = Rule(
    code="FSO334",
    kind="error",
    title="The server at {address} takes no {signals} now",
    why=_DROPPED,
    remedy="Look into the server's log: it is overloaded, or it has nobody to pass "
    "them on to",
)
REDIRECT: Final = Rule(
    code="FSO335",
    kind="error",
    title="{signals} are sent to an address that only says to go elsewhere: {address}",
    why="The exporter takes that for success and goes nowhere: everything is lost, and "
    "no log tells.",
    remedy="Name the address that it points to, often the same with https: {line}",
)
PAGE: Final = Rule(
    code="FSO336",
    kind="warning",
    title="{signals} are sent to an address that answers with a web page: {address}",
    why="The exporter takes any answer of 200 for success. This one is for people.",
    remedy="Name the address that takes OTLP: {line}",
)
STATUS: Final = Rule(
    code="FSO337",
    kind="error",
    title="The server at {address} does not accept {signals}",
    why="Everything is dropped, and only the exporter's log tells.",
    remedy="Look into the server's log, and whether it takes OTLP there: {line}",
)
GARBAGE: Final = Rule(
    code="FSO338",
    kind="error",
    title="Something else than OTLP answers where {signals} are sent: {address}",
    why=_DROPPED,
    remedy="Name the port that takes OTLP: {line}",
)
LATE: Final = Rule(
    code="FSO339",
    kind="error",
    title="No answer came in time from where {signals} are sent: {address}",
    why=f"{_DROPPED} A service that stops waits for it.",
    remedy="Try again with a longer --timeout; look whether the server is overloaded",
)
FAILED: Final = Rule(
    code="FSO340",
    kind="error",
    title="The exporter could not send {signals}, though {address} answers",
    why="Everything is dropped, and only the exporter's log tells.",
    remedy="Call its export() with a span, and read what it logs",
)
SCHEME: Final = Rule(
    code="FSO341",
    kind="error",
    title="The address that {signals} are sent to is none: {address}",
    why="Everything is dropped at once, and only the exporter's log tells.",
    remedy="{line}",
)
PROXY: Final = Rule(
    code="FSO342",
    kind="warning",
    title="{signals} go through a proxy on the way to {address}",
    why="The variable {variable} applies to exporters too. A proxy for the web seldom "
    "passes on telemetry.",
    remedy="NO_PROXY={host}",
)

_RULES: Final[dict[Outcome, Rule]] = {
    "unresolved": UNRESOLVED,
    "refused": REFUSED,
    "unreachable": UNREACHABLE,
    "silent": SILENT,
    "closed": CLOSED,
    "grpc": SPEAKS_GRPC,
    "http": SPEAKS_HTTP,
    "plain": NO_TLS,
    "tls": TLS,
    "authority": AUTHORITY,
    "bundle": BUNDLE,
    "name": OTHER_NAME,
    "expired": EXPIRED,
    "certificate": CERTIFICATE,
    "client": CLIENT_CERTIFICATE,
    "refused_credentials": CREDENTIALS,
    "path": PATH,
    "unimplemented": UNIMPLEMENTED,
    "busy": BUSY,
    "redirect": REDIRECT,
    "page": PAGE,
    "status": STATUS,
    "garbage": GARBAGE,
    "late": LATE,
    "failed": FAILED,
    "scheme": SCHEME,
}
_SIGNALS: Final[tuple[Signal, ...]] = ("traces", "metrics", "logs")


def check(service: Service) -> Iterator[Finding | Fact]:
    """Send to each address, and see what becomes of it."""
    tasks = list(_tasks(service))
    if not tasks:
        return
    if service.asked.offline:
        yield Fact("Sent", "nothing, as you asked")
        return
    verdicts = examine(tasks, service.asked.timeout)
    yield from findings(verdicts, _RULES)
    for each in verdicts:
        if each.outcome == "arrived":
            what = "one span, the doctor's own" if each.sent else "an empty request"
            text = f"{what}, which {each.task.address} took"
            yield Fact(f"Sent {each.task.route.signal}", text)
    for task in {(t.address.host, t.address.protocol): t for t in tasks}.values():
        if variable := proxy_for(task.address):
            yield PROXY.found(
                f"{variable} is set, and no_proxy does not name {task.address.host}",
                signals=task.route.signal,
                address=task.address,
                variable=variable,
                host=task.address.host,
            )


def _tasks(service: Service) -> Iterator[Task]:
    if service.environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return
    seen: set[int] = set()
    for signal in _SIGNALS:
        for provider in service.of(signal):
            resource = resource_of(provider.given)
            for route in routes(signal, provider.given):
                address = address_of(route.inner, signal, service.environment)
                if address is not None and id(route.inner) not in seen:
                    seen.add(id(route.inner))
                    yield Task(route, address, resource)
