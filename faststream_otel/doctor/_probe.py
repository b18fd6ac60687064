"""Checks of sending: one span, for real, through each exporter that has an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from faststream_otel.doctor._examining import examine, proxy_for, tasks_of
from faststream_otel.doctor._finding import Fact, Finding, Rule
from faststream_otel.doctor._grouping import findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from faststream_otel.doctor._examining import Outcome, Verdict
    from faststream_otel.doctor._service import Service

_DROPPED: Final = (
    "The exporter tries again for some seconds, and then drops what it has. "
    "Only its log tells."
)

UNRESOLVED: Final = Rule(
    code="FSO311",
    kind="error",
    title="No host has the name in {address}, where {signals} are sent.",
    why=_DROPPED,
    remedy="Name the host as this process sees it, as in {line}",
)
REFUSED: Final = Rule(
    code="FSO312",
    kind="error",
    title="Nothing listens at {address}, where {signals} are sent.",
    why=f"{_DROPPED} In a container, localhost is the container itself.",
    remedy="Start a Collector there, or name the host that has one: {line}",
)
UNREACHABLE: Final = Rule(
    code="FSO313",
    kind="error",
    title="There is no way to {address}, where {signals} are sent.",
    why=_DROPPED,
    remedy="Name a host that this network reaches: {line}",
)
SILENT: Final = Rule(
    code="FSO314",
    kind="error",
    title="Nothing answers at {address}, where {signals} are sent.",
    why=f"{_DROPPED} A service that stops waits for it.",
    remedy="Look for a firewall or a Collector that hangs, or name another: {line}",
)
CLOSED: Final = Rule(
    code="FSO315",
    kind="error",
    title="Connections to {address}, where {signals} are sent, end unanswered.",
    why=_DROPPED,
    remedy="Look into the log of the server or the proxy at {address}, or name "
    "another: {line}",
)
SPEAKS_GRPC: Final = Rule(
    code="FSO316",
    kind="error",
    title="The exporter of {signals} uses HTTP, and {address} speaks gRPC.",
    why=_DROPPED,
    remedy="{line}, or keep the port and set OTEL_EXPORTER_OTLP_PROTOCOL=grpc "
    "(in code: an exporter of opentelemetry.exporter.otlp.proto.grpc)",
)
SPEAKS_HTTP: Final = Rule(
    code="FSO317",
    kind="error",
    title="The exporter of {signals} uses gRPC, and {address} speaks HTTP.",
    why=_DROPPED,
    remedy="{line}, or keep the port and set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf "
    "(in code: an exporter of opentelemetry.exporter.otlp.proto.http)",
)
NO_TLS: Final = Rule(
    code="FSO318",
    kind="error",
    title="The exporter of {signals} uses TLS, and {address} does not.",
    why=f"{_DROPPED} An address for gRPC without http:// means TLS.",
    remedy="{line}",
)
TLS: Final = Rule(
    code="FSO319",
    kind="error",
    title="The exporter of {signals} does not use TLS, and {address} does.",
    why=_DROPPED,
    remedy="{line}",
)
AUTHORITY: Final = Rule(
    code="FSO321",
    kind="error",
    title="The certificate at {address} is from an authority that is not known here.",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="OTEL_EXPORTER_OTLP_CERTIFICATE=/path/to/ca.pem, the file that has the "
    "certificate of this authority.",
)
OTHER_NAME: Final = Rule(
    code="FSO322",
    kind="error",
    title="The certificate at {address} is for another name.",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="Name the host as its certificate does: {line}",
)
EXPIRED: Final = Rule(
    code="FSO323",
    kind="error",
    title="The certificate at {address} is not valid at this time.",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="Renew the server's certificate, and look at the clock of this machine.",
)
CERTIFICATE: Final = Rule(
    code="FSO324",
    kind="error",
    title="The certificate at {address} could not be checked.",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="Look at OTEL_EXPORTER_OTLP_CERTIFICATE, and at the server's certificate.",
)
CLIENT_CERTIFICATE: Final = Rule(
    code="FSO325",
    kind="error",
    title="The server at {address} wants a certificate from this service.",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=/path/to/client.pem and "
    "OTEL_EXPORTER_OTLP_CLIENT_KEY=/path/to/client.key",
)
BUNDLE: Final = Rule(
    code="FSO326",
    kind="error",
    title="The file with the authority of {address} is not read.",
    why="{bundle} is set, and requests, which the exporter sends with, then reads that "
    "file instead. So {signals} are not sent.",
    remedy="Unset {bundle}, or add the certificate of the authority to its file.",
)
CREDENTIALS: Final = Rule(
    code="FSO331",
    kind="error",
    title="The server at {address} refuses the credentials that come with {signals}.",
    why="Everything is dropped at once, and only the exporter's log tells.",
    remedy="OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20... with the token of "
    "this server; its name and its form are in the backend's manual.",
)
PATH: Final = Rule(
    code="FSO332",
    kind="error",
    title="The server has nothing at {address}, where {signals} are sent.",
    why="Everything is dropped at once. OTEL_EXPORTER_OTLP_ENDPOINT gets /v1/traces "
    "and so on added; the variables of one signal, and endpoint= in code, are taken as "
    "they are.",
    remedy="{line}",
)
UNIMPLEMENTED: Final = Rule(
    code="FSO333",
    kind="error",
    title="The server at {address} does not take {signals}.",
    why="Everything is dropped at once, and only the exporter's log tells.",
    remedy="Give the Collector a pipeline for {signals}, or send none: {off}",
)
BUSY: Final = Rule(
    code="FSO334",
    kind="error",
    title="The server at {address} takes no {signals} at the moment.",
    why=_DROPPED,
    remedy="Look into the server's log: it is overloaded, or it has nobody to pass "
    "them on to.",
)
REDIRECT: Final = Rule(
    code="FSO335",
    kind="error",
    title="The server at {address}, where {signals} are sent, points elsewhere.",
    why="The exporter takes that for success and goes nowhere: everything is lost, and "
    "no log tells.",
    remedy="Name the address that it points to, often the same with https: {line}",
)
PAGE: Final = Rule(
    code="FSO336",
    kind="warning",
    title="The server at {address}, where {signals} are sent, answers with a page.",
    why="The exporter takes any answer of 200 for success. This one is for people.",
    remedy="Name the address that takes OTLP: {line}",
)
STATUS: Final = Rule(
    code="FSO337",
    kind="error",
    title="The server at {address} does not accept {signals}.",
    why="Everything is dropped, and only the exporter's log tells.",
    remedy="Look into the server's log, and whether it takes OTLP there: {line}",
)
GARBAGE: Final = Rule(
    code="FSO338",
    kind="error",
    title="Something other than OTLP is at {address}, where {signals} are sent.",
    why=_DROPPED,
    remedy="Name the port that takes OTLP: {line}",
)
LATE: Final = Rule(
    code="FSO339",
    kind="error",
    title="No answer came in time from {address}, where {signals} are sent.",
    why=f"{_DROPPED} A service that stops waits for it.",
    remedy="Try again with a longer --timeout; look whether the server is overloaded.",
)
FAILED: Final = Rule(
    code="FSO340",
    kind="error",
    title="The exporter could not send {signals}, although {address} answers.",
    why="Everything is dropped, and only the exporter's log tells.",
    remedy="Call its export() with a span, and read what it logs.",
)
SCHEME: Final = Rule(
    code="FSO341",
    kind="error",
    title="The address that {signals} are sent to has no http:// or https://.",
    why="Everything is dropped at once, and only the exporter's log tells.",
    remedy="{line}",
)
PROXY: Final = Rule(
    code="FSO342",
    kind="warning",
    title="A proxy is between the service and {address}, where {signals} are sent.",
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


def check(service: Service) -> Iterator[Finding | Fact]:
    """Send to each address, and see what becomes of it."""
    tasks = list(tasks_of(service))
    if not tasks:
        return
    if service.asked.offline:
        yield Fact("Sent", "nothing, as you asked")
        return
    verdicts = examine(tasks, service.asked.timeout)
    # Those that leave the scheme out are told by name among the variables.
    told = [each for each in verdicts if not _lacks_scheme(each, service.environment)]
    yield from findings(told, _RULES)
    for each in verdicts:
        if each.outcome == "arrived":
            what = "one span, the doctor's own" if each.sent else "an empty request"
            text = f"{what}, which {each.task.address} took"
            yield Fact(f"Sent {each.task.route.signal}", text)
    for task in {(t.address.host, t.address.protocol): t for t in tasks}.values():
        if variable := proxy_for(task.address):
            yield PROXY.found(
                f"{variable} is set, and no_proxy does not name {task.address.host}.",
                signals=task.route.signal,
                address=task.address,
                variable=variable,
                host=task.address.host,
            )


def _lacks_scheme(verdict: Verdict, environment: Mapping[str, str]) -> bool:
    """Whether the missing scheme of a variable's address is what is wrong."""
    variable = verdict.task.address.variable
    is_it = verdict.outcome in {"scheme", "plain"}
    return is_it and "://" not in environment.get(variable, "://")
