"""What becomes of telemetry at the address that an exporter sends to."""

from __future__ import annotations

import threading
import urllib.request
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Literal

from faststream_otel.doctor._address import address_of
from faststream_otel.doctor._answering import Seen, Sight, look
from faststream_otel.doctor._pipeline import resource_of, routes
from faststream_otel.doctor._sending import Answer, Sent, ask, doctors_span, send
from faststream_otel.doctor._service import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from faststream_otel.doctor._address import Address
    from faststream_otel.doctor._pipeline import Route
    from faststream_otel.doctor._service import Service

Outcome = (
    Sight
    | Literal[
        "arrived",
        "scheme",  # the address has none
        "refused_credentials",
        "bundle",  # the file with the authorities is not read
        "path",  # 404
        "unimplemented",
        "busy",  # it says to try later
        "redirect",
        "page",  # a page for people
        "status",  # another answer
        "late",  # the exporter still tries
        "failed",  # the exporter gave up, for a reason that cannot be seen
    ]
)
_UNREACHED: Final = frozenset({"unresolved", "unreachable", "refused", "silent"})
_NOTHING: Final = Seen("silent")
_STATUSES: Final[dict[int, Outcome]] = {
    401: "refused_credentials",
    403: "refused_credentials",
    404: "path",
    407: "refused_credentials",
    429: "busy",
    502: "busy",
    503: "busy",
    504: "busy",
}
_CODES: Final[dict[str, Outcome]] = {
    "UNAUTHENTICATED": "refused_credentials",
    "PERMISSION_DENIED": "refused_credentials",
    "UNIMPLEMENTED": "unimplemented",
    "UNAVAILABLE": "busy",
    "RESOURCE_EXHAUSTED": "busy",
    "DEADLINE_EXCEEDED": "late",
}


@dataclass(frozen=True, slots=True)
class Task:
    """An exporter to be examined."""

    route: Route
    address: Address
    resource: Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about one exporter.

    Attributes:
        task: What was examined.
        outcome: What becomes of what it sends.
        seen: What was seen at the address.
        answer: What the server answered, or how it was.
    """

    task: Task
    outcome: Outcome
    seen: Seen
    answer: Answer | None = None
    sent: Sent | None = None


def tasks_of(service: Service) -> Iterator[Task]:
    """Give the exporters of a service that have an address, each once."""
    if service.is_switched_off:
        return
    seen: set[int] = set()
    for signal in SIGNALS:
        for provider in service.of(signal):
            resource = resource_of(provider.given)
            for route in routes(signal, provider.given):
                address = address_of(route.inner, signal, service.environment)
                if address is not None and id(route.inner) not in seen:
                    seen.add(id(route.inner))
                    yield Task(route, address, resource)


def examine(tasks: Sequence[Task], patience: float) -> list[Verdict]:
    """Examine exporters side by side, and give up on those that take too long.

    Args:
        tasks: The exporters.
        patience: How long to wait for one answer, in seconds. In all it takes at most
            three times as long, however many there are.
    """
    verdicts: list[Verdict] = [Verdict(task, "late", _NOTHING) for task in tasks]

    def run(position: int) -> None:
        try:
            verdicts[position] = _examine(tasks[position], patience)
        except Exception as error:  # its parts may be anything
            sent = Sent("raised", type(error).__name__)
            verdicts[position] = Verdict(tasks[position], "failed", _NOTHING, sent=sent)

    threads = [
        # A name may take minutes to resolve; a daemon keeps no process from ending.
        threading.Thread(target=run, args=(position,), daemon=True)
        for position in range(len(tasks))
    ]
    deadline = monotonic() + 3 * patience
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - monotonic()))
    return list(verdicts)


def _examine(task: Task, patience: float) -> Verdict:
    route, address = task.route, task.address
    if not address.usable:
        return Verdict(task, "scheme", Seen("garbage"))
    seen = look(address, patience)
    if seen.sight in _UNREACHED and not proxy_for(address):
        return Verdict(task, seen.sight, seen)
    well = seen.sight == address.protocol and _is_fine(seen)
    sent = None
    if route.signal == "traces":
        span = doctors_span(task.resource)
        sent = send(route, span, patience, hopeless=not well)
        if sent.result == "sent":
            return Verdict(task, _taken(seen), seen, sent=sent)
    answer = ask(route.inner, route.signal, address, patience) or Answer(seen.status)
    if answer.fine and sent is None:
        return Verdict(task, _taken(seen), seen, answer)
    return Verdict(task, _fault(task, seen, answer, sent), seen, answer, sent)


def _taken(seen: Seen) -> Outcome:
    """Whether what an exporter takes for success is one."""
    if 300 <= seen.status < 400:  # noqa: PLR2004 - HTTP's
        return "redirect"
    return "page" if seen.status and seen.media == "text/html" else "arrived"


def _fault(task: Task, seen: Seen, answer: Answer, sent: Sent | None) -> Outcome:
    if seen.sight == "authority" and task.address.overridden:
        return "bundle"
    if answer.certificate and seen.sight == task.address.protocol:
        return "authority"
    if seen.sight != task.address.protocol and not answer.status:
        return seen.sight
    fault = _CODES.get(answer.code) or _of_status(answer.status or seen.status)
    if fault:
        return fault
    if answer.code not in {"", "OK"}:
        return "status"
    return "late" if sent and sent.result == "late" else "failed"


def _of_status(status: int) -> Outcome | None:
    """Give the fault that a status of HTTP means; None if it means none."""
    if status in _STATUSES:
        return _STATUSES[status]
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP's
        return "redirect"
    return "status" if status >= 400 else None  # noqa: PLR2004 - HTTP's


def _is_fine(seen: Seen) -> bool:
    return not seen.status or 200 <= seen.status < 300  # noqa: PLR2004 - HTTP's


def proxy_for(address: Address) -> str:
    """Name the variable whose proxy stands before an address; empty if none does."""
    proxies = urllib.request.getproxies()
    scheme = "https" if address.tls else "http"
    names = (scheme, "all") if address.protocol == "http" else ("grpc", "https", "http")
    if urllib.request.proxy_bypass(address.host):
        return ""
    return next((f"{name}_proxy" for name in names if proxies.get(name)), "")
