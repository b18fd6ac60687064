"""The full example as `scripts/monitoring` runs it, and what it told the Collector."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from servers import monitoring
from servers.server import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PATIENCE = 60.0  # seconds; Kafka gives a new group its topics when it pleases


@dataclass(frozen=True)
class Span:
    """A span, as the Collector wrote it."""

    name: str
    service: str
    kind: int
    id: str
    parent: str
    start: int
    end: int
    attributes: Mapping[str, Any]
    links: list[str]
    error: bool


@dataclass(frozen=True)
class Line:
    """A log record, as the Collector wrote it."""

    service: str
    text: str
    span: str


def place(trace_id: str, symbol: str = "TEA", tier: str = "gold") -> Any:
    """Place an order as a browser that is traced itself."""
    answer = httpx.post(
        f"http://{HOST}:{monitoring.SERVICES['order']}/orders",
        json={"symbol": symbol, "quantity": 3},
        headers={
            "customer-tier": tier,
            "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01",
        },
        timeout=PATIENCE,
        trust_env=False,
    )
    answer.raise_for_status()
    return answer.json()


def until(look: Callable[[], Any], found: Callable[[Any], bool]) -> Any:
    """Look until it is found: files and Prometheus tell nobody when they change."""
    end = time.monotonic() + PATIENCE
    while not found(seen := look()):
        if time.monotonic() > end:
            raise AssertionError(f"not found in {seen}")
        time.sleep(0.2)
    return seen


def spans(trace_id: str) -> list[Span]:
    """All spans of a trace that have come."""
    return sorted(_spans(trace_id), key=lambda span: span.start)


def _spans(trace_id: str) -> Iterator[Span]:
    for service, each in _written(
        "traces.json", "resourceSpans", "scopeSpans", "spans"
    ):
        if each["traceId"] == trace_id:
            yield Span(
                name=each["name"],
                service=service,
                kind=each["kind"],
                id=each["spanId"],
                parent=each.get("parentSpanId", ""),
                start=int(each["startTimeUnixNano"]),
                end=int(each["endTimeUnixNano"]),
                attributes=_attributes(each),
                links=[link["spanId"] for link in each.get("links", ())],
                error=each.get("status", {}).get("code") == 2,
            )


def linking(span: Span) -> list[tuple[str, str]]:
    """Name and service of the spans of any trace that link this one."""
    return [
        (each["name"], service)
        for service, each in _written(
            "traces.json", "resourceSpans", "scopeSpans", "spans"
        )
        for link in each.get("links", ())
        if link["spanId"] == span.id
    ]


def lines(trace_id: str) -> list[Line]:
    """All log records of a trace that have come."""
    return [
        Line(service, each["body"]["stringValue"], each["spanId"])
        for service, each in _written(
            "logs.json", "resourceLogs", "scopeLogs", "logRecords"
        )
        if each.get("traceId") == trace_id
    ]


def _written(
    file: str, resources: str, scopes: str, records: str
) -> Iterator[tuple[str, Any]]:
    """Each record of a file with its service; the last line may be half written."""
    path = monitoring.collector().data / file
    if not path.exists():
        return
    for line in path.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            for resource in json.loads(line)[resources]:
                service = _attributes(resource["resource"])["service.name"]
                for scope in resource[scopes]:
                    for record in scope[records]:
                        yield service, record


def _attributes(holder: Any) -> dict[str, Any]:
    return {
        each["key"]: next(iter(each["value"].values()), None)
        for each in holder.get("attributes", ())
    }


def prometheus(path: str, **parameters: Any) -> Any:
    """Ask Prometheus; what it refuses is an error."""
    answer = httpx.get(
        f"http://{HOST}:{monitoring.PROMETHEUS}/api/v1/{path}",
        params=parameters,
        trust_env=False,
    )
    body = answer.json()
    assert body["status"] == "success", f"{parameters}: {body}"
    return body["data"]
