"""Checks of exporters, and of what stands before them. Nothing is sent here."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from faststream_otel.doctor import _stopping
from faststream_otel.doctor._address import address_of
from faststream_otel.doctor._described import (
    batch_of,
    class_of_exporter,
    described,
    has_ended,
    is_bare,
    is_simple,
    longest_stop,
)
from faststream_otel.doctor._finding import Fact, Finding, Rule
from faststream_otel.doctor._pipeline import routes
from faststream_otel.doctor._service import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel.doctor._pipeline import Route
    from faststream_otel.doctor._service import Provider, Service

NO_EXPORTER: Final = Rule(
    code="FSO301",
    kind="error",
    title="Spans are recorded, but no exporter receives them.",
    why="A provider without a span processor discards everything that it records.",
    remedy="provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter())), or "
    "OTEL_TRACES_EXPORTER=otlp under opentelemetry-instrument",
)
SIMPLE: Final = Rule(
    code="FSO302",
    kind="warning",
    title="The {signal} are sent one by one, and the service waits for each.",
    why="{processor} sends at once, in the event loop. No message is handled until "
    "the server has answered or the exporter has given up.",
    remedy="{batch}, in place of {processor}",
)
TWICE: Final = Rule(
    code="FSO303",
    kind="warning",
    title="The {signal} are sent to {address} twice.",
    why="The backend stores or counts each of them twice.",
    remedy="Remove one of the two exporters; with opentelemetry-instrument, the one "
    "in code.",
)
ENDED: Final = Rule(
    code="FSO304",
    kind="error",
    title="The exporter of {signal} was shut down before the service started.",
    why="Everything that is recorded from now on is discarded.",
    remedy="Call shutdown() when the service stops, not while it is imported.",
)
LAST_SPANS: Final = Rule(
    code="FSO305",
    kind="warning",
    title="The last spans are lost whenever {server} stops the service.",
    why="{server} kills the process with the signal that it received, so Python "
    "cannot send what is left in the queue.",
    remedy="after_shutdown=[faststream_otel.shutdown], or await "
    "faststream_otel.shutdown() as the last line of the lifespan.",
)
LONG_STOP: Final = Rule(
    code="FSO306",
    kind="note",
    title="Stopping may take {seconds} seconds when the backend does not answer.",
    why="By default, Kubernetes waits for 30 seconds and Docker for 10, and then "
    "they kill the process.",
    remedy="after_shutdown=[faststream_otel.shutdown], which takes 5 seconds at most.",
)
UNKNOWN_SERVER: Final = Rule(
    code="FSO307",
    kind="note",
    title="It is not known whether {server} loses the last spans.",
    why="Some servers kill a process before it has sent its last spans.",
    remedy="--server with one of {known}, or "
    "after_shutdown=[faststream_otel.shutdown], which works with all servers.",
)
CLASS: Final = Rule(
    code="FSO308",
    kind="error",
    title="{processor} was given the class of an exporter instead of an instance.",
    why="All {signal} are dropped when they are sent. Only the log says so.",
    remedy="{processor}({exporter}()), with parentheses",
)
NO_PROCESSOR: Final = Rule(
    code="FSO309",
    kind="error",
    title="An exporter was added where a processor belongs.",
    why="It cannot do what a processor does: all {signal} are lost.",
    remedy="{batch}, in place of {exporter}(...)",
)

_BATCH: Final = {"traces": "BatchSpanProcessor", "logs": "BatchLogRecordProcessor"}
_GRACE: Final = 30.0


def check(service: Service) -> Iterator[Finding | Fact]:
    """Examine exporters."""
    found: list[Route] = []
    for signal in SIGNALS:
        for provider in service.of(signal):
            leading = routes(signal, provider.given)
            found += leading
            yield from _provider(provider, leading, service)
    yield from _stop(found, service)


def _provider(
    provider: Provider, leading: list[Route], service: Service
) -> Iterator[Finding | Fact]:
    owner = " and ".join(provider.owners)
    if provider.signal == "traces" and provider.sdk is not None and not leading:
        yield NO_EXPORTER.found(_nothing_there(owner, service), where=owner)
    for route in leading:
        if route.exporter is not None:
            text = described(route, service.environment)
            yield Fact(f"Exporter of {route.signal}", text)
        yield from _route(route, service)
    addresses = Counter(_address(route, service) for route in leading)
    for address, times in addresses.items():
        if address and times > 1:
            yield TWICE.found(
                f"{times} exporters of {owner} send there.",
                where=owner,
                signal=provider.signal,
                address=address,
            )


def _nothing_there(owner: str, service: Service) -> str:
    chosen = service.environment.get("OTEL_TRACES_EXPORTER", "").strip()
    why = "; OTEL_TRACES_EXPORTER=none" if chosen == "none" else ""
    return f"{owner[0].upper()}{owner[1:]} has no span processor{why}."


def _route(route: Route, service: Service) -> Iterator[Finding]:
    name = type(route.by).__name__
    if given := class_of_exporter(route):
        yield CLASS.found(
            f"{name} has the class {given.__name__}.",
            where=name,
            signal=route.signal,
            processor=name,
            exporter=given.__name__,
        )
    if is_bare(route):
        bare = type(route.exporter).__name__
        yield NO_PROCESSOR.found(
            f"{bare} is among the processors of the provider.",
            where=bare,
            signal=route.signal,
            exporter=bare,
            batch=f"{_BATCH[route.signal]}({bare}(...))",
        )
    if has_ended(route):
        yield ENDED.found(f"{name} was shut down.", where=name, signal=route.signal)
    address = _address(route, service)
    if address and is_simple(route):
        exporter = type(route.inner).__name__
        yield SIMPLE.found(
            f"{name} sends to {address}.",
            where=name,
            signal=route.signal,
            processor=name,
            batch=f"{_BATCH[route.signal]}({exporter}(...))",
        )


def _address(route: Route, service: Service) -> str:
    address = address_of(route.inner, route.signal, service.environment)
    return str(address) if address else ""


def _is_queued(route: Route) -> bool:
    """Whether something waits to be printed, say, and is not kept in memory."""
    kept = type(route.inner).__name__.startswith("InMemory")
    return bool(batch_of(route)) and not kept


def _stop(found: list[Route], service: Service) -> Iterator[Finding | Fact]:
    """Tell what stopping means for what is still in the queues."""
    sending = [route for route in found if _address(route, service)]
    ends = _stopping.somebody_ends_telemetry()
    # The SDK ends one provider after the other.
    seconds = round(sum(longest_stop(route) for route in sending))
    if sending and not ends:
        yield Fact("Stopping", f"up to {seconds} s if nobody answers")
    server = service.asked.server
    if not server or not (sending or any(map(_is_queued, found))) or ends:
        return
    if not _stopping.server_of(server):
        known = ", ".join(_stopping.LOSES)
        yield UNKNOWN_SERVER.found(f"--server {server}", server=server, known=known)
    elif _stopping.loses_the_last(server, service.application):
        yield LAST_SPANS.found(
            f"--server {server}; nothing in the application calls shutdown.",
            server=_stopping.server_of(server),
        )
    elif seconds > _GRACE:
        yield LONG_STOP.found(
            f"The exporters try for up to {seconds} s, one after the other.",
            seconds=seconds,
        )
