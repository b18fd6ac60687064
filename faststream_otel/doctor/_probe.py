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
    "The exporter retries for a few seconds, and then drops its data. Only its log "
    "says so."
)

UNRESOLVED: Final = Rule(
    code="FSO311",
    kind="error",
    title="The host in {address}, where {signals} are sent, cannot be found.",
    why=_DROPPED,
    remedy="Use a host name that this process can resolve, such as {line}",
)
REFUSED: Final = Rule(
    code="FSO312",
    kind="error",
    title="Nothing listens at {address}, where {signals} are sent.",
    why=f"{_DROPPED} In a container, localhost is the container itself.",
    remedy="Start a Collector there, or use the address of one: {line}",
)
UNREACHABLE: Final = Rule(
    code="FSO313",
    kind="error",
    title="{address}, where {signals} are sent, cannot be reached.",
    why=_DROPPED,
    remedy="Use a host that this network can reach: {line}",
)
SILENT: Final = Rule(
    code="FSO314",
    kind="error",
    title="The server at {address}, where {signals} are sent, does not answer.",
    why=f"{_DROPPED} A service that stops waits for it.",
    remedy="Look for a firewall or a Collector that hangs, or use a different "
    "address: {line}",
)
CLOSED: Final = Rule(
    code="FSO315",
    kind="error",
    title="The server at {address}, where {signals} are sent, closes connections "
    "without an answer.",
    why=_DROPPED,
    remedy="Look at the log of the server or proxy at {address}, or use a different "
    "address: {line}",
)
SPEAKS_GRPC: Final = Rule(
    code="FSO316",
    kind="error",
    title="The exporter of {signals} uses HTTP, but {address} speaks gRPC.",
    why=_DROPPED,
    remedy="{line}, or keep the port and set OTEL_EXPORTER_OTLP_PROTOCOL=grpc "
    "(in code: an exporter of opentelemetry.exporter.otlp.proto.grpc)",
)
SPEAKS_HTTP: Final = Rule(
    code="FSO317",
    kind="error",
    title="The exporter of {signals} uses gRPC, but {address} speaks HTTP.",
    why=_DROPPED,
    remedy="{line}, or keep the port and set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf "
    "(in code: an exporter of opentelemetry.exporter.otlp.proto.http)",
)
NO_TLS: Final = Rule(
    code="FSO318",
    kind="error",
    title="The exporter of {signals} uses TLS, but {address} does not.",
    why=f"{_DROPPED} An address for gRPC without http:// means TLS.",
    remedy="{line}",
)
TLS: Final = Rule(
    code="FSO319",
    kind="error",
    title="The exporter of {signals} does not use TLS, but {address} does.",
    why=_DROPPED,
    remedy="{line}",
)
AUTHORITY: Final = Rule(
    code="FSO321",
    kind="error",
    title="The certificate of {address} is from an unknown authority.",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="OTEL_EXPORTER_OTLP_CERTIFICATE=/path/to/ca.pem, the file with the "
    "certificate of this authority.",
)
OTHER_NAME: Final = Rule(
    code="FSO322",
    kind="error",
    title="The certificate of {address} is for a different host name.",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="Use the host name that is in the certificate: {line}",
)
EXPIRED: Final = Rule(
    code="FSO323",
    kind="error",
    title="The certificate of {address} has expired or is not valid yet.",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="Renew the server's certificate, and check the clock of this machine.",
)
CERTIFICATE: Final = Rule(
    code="FSO324",
    kind="error",
    title="The certificate of {address} could not be verified.",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="Check OTEL_EXPORTER_OTLP_CERTIFICATE, and the server's certificate.",
)
CLIENT_CERTIFICATE: Final = Rule(
    code="FSO325",
    kind="error",
    title="The server at {address} requires a client certificate.",
    why=f"So {{signals}} are not sent. {_DROPPED}",
    remedy="OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=/path/to/client.pem and "
    "OTEL_EXPORTER_OTLP_CLIENT_KEY=/path/to/client.key",
)
BUNDLE: Final = Rule(
    code="FSO326",
    kind="error",
    title="The file with the certificate authority of {address} is not used.",
    why="{bundle} is set, so the library requests, which the exporter uses, reads "
    "that file instead. No {signals} are sent.",
    remedy="Unset {bundle}, or add the certificate of the authority to that file.",
)
CREDENTIALS: Final = Rule(
    code="FSO331",
    kind="error",
    title="The server at {address} rejects the credentials of the exporter of "
    "{signals}.",
    why="Everything is dropped at once. Only the exporter's log says so.",
    remedy="OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20... with a token of "
    "this server; the backend's documentation has the name and the format.",
)
PATH: Final = Rule(
    code="FSO332",
    kind="error",
    title="The path of {address}, where {signals} are sent, does not exist on the "
    "server.",
    why="Everything is dropped at once. Exporters add /v1/traces and so on to "
    "OTEL_EXPORTER_OTLP_ENDPOINT, but use the variables of one signal, and "
    "endpoint= in code, as they are.",
    remedy="{line}",
)
UNIMPLEMENTED: Final = Rule(
    code="FSO333",
    kind="error",
    title="The server at {address} does not support {signals}.",
    why="Everything is dropped at once. Only the exporter's log says so.",
    remedy="Add a pipeline for {signals} to the Collector, or stop sending them: {off}",
)
BUSY: Final = Rule(
    code="FSO334",
    kind="error",
    title="The server at {address} temporarily rejects {signals}.",
    why=_DROPPED,
    remedy="Look at the server's log: it may be overloaded, or have no backend to "
    "pass them on to.",
)
REDIRECT: Final = Rule(
    code="FSO335",
    kind="error",
    title="The server at {address}, where {signals} are sent, redirects to another "
    "address.",
    why="The exporter treats a redirect as success and does not follow it: "
    "everything is lost, and no log says so.",
    remedy="Use the address that it redirects to, often the same with https: {line}",
)
PAGE: Final = Rule(
    code="FSO336",
    kind="warning",
    title="The server at {address}, where {signals} are sent, answers with a web page.",
    why="The exporter treats any answer with status 200 as success, but a web page "
    "does not accept telemetry.",
    remedy="Use the address that accepts OTLP: {line}",
)
STATUS: Final = Rule(
    code="FSO337",
    kind="error",
    title="The server at {address} does not accept {signals}.",
    why="Everything is dropped. Only the exporter's log says so.",
    remedy="Look at the server's log, and check that it accepts OTLP at this "
    "address: {line}",
)
GARBAGE: Final = Rule(
    code="FSO338",
    kind="error",
    title="The server at {address}, where {signals} are sent, does not speak OTLP.",
    why=_DROPPED,
    remedy="Use the port that accepts OTLP: {line}",
)
LATE: Final = Rule(
    code="FSO339",
    kind="error",
    title="The server at {address}, where {signals} are sent, did not answer in time.",
    why=f"{_DROPPED} A service that stops waits for it.",
    remedy="Try again with a longer --timeout, and check whether the server is "
    "overloaded.",
)
FAILED: Final = Rule(
    code="FSO340",
    kind="error",
    title="The exporter could not send {signals}, although {address} answers.",
    why="Everything is dropped. Only the exporter's log says so.",
    remedy="Call its export() method with a span, and read what it logs.",
)
SCHEME: Final = Rule(
    code="FSO341",
    kind="error",
    title="The address for {signals} has no http:// or https://.",
    why="Everything is dropped at once. Only the exporter's log says so.",
    remedy="{line}",
)
PROXY: Final = Rule(
    code="FSO342",
    kind="warning",
    title="A proxy is used for {signals} on the way to {address}.",
    why="The variable {variable} applies to exporters too. Proxies for web traffic "
    "rarely pass on telemetry.",
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
