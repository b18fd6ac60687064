"""What the Collector of the full example wrote to its files, a request a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faststream_otel.testing import RecordedLink, RecordedSpan, Trace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = ("", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATUSES = ("UNSET", "OK", "ERROR")


@dataclass(frozen=True)
class Line:
    """A log record."""

    service: str
    text: str
    trace_id: int
    span_id: int


def traces(data: Path) -> dict[int, Trace]:
    """Each trace by its id, as far as it has come."""
    found: dict[int, list[RecordedSpan]] = {}
    for service, each in _records(data / "traces.json", "Spans", "spans"):
        span = _span(service, each)
        found.setdefault(span.trace_id, []).append(span)
    return {
        trace_id: Trace(tuple(sorted(spans, key=lambda span: span.start)))
        for trace_id, spans in found.items()
    }


def lines(data: Path) -> list[Line]:
    """All log records that have come and belong to a span."""
    return [
        Line(
            service=service,
            text=each["body"]["stringValue"],
            trace_id=int(each["traceId"], 16),
            span_id=int(each["spanId"], 16),
        )
        for service, each in _records(data / "logs.json", "Logs", "logRecords")
        if each.get("spanId")
    ]


def _span(service: str, each: Any) -> RecordedSpan:
    status = each.get("status", {})
    return RecordedSpan(
        name=each["name"],
        kind=KINDS[each["kind"]],
        service=service,
        trace_id=int(each["traceId"], 16),
        span_id=int(each["spanId"], 16),
        parent_id=int(each.get("parentSpanId") or "0", 16) or None,
        start=int(each["startTimeUnixNano"]),
        end=int(each["endTimeUnixNano"]),
        attributes=_attributes(each),
        links=[
            RecordedLink(int(link["traceId"], 16), int(link["spanId"], 16))
            for link in each.get("links", ())
        ],
        status=STATUSES[status.get("code", 0)],
        status_description=status.get("message", ""),
    )


def _records(file: Path, kind: str, records: str) -> Iterator[tuple[str, Any]]:
    """Each record with its service; the last line may be half written."""
    if not file.exists():
        return
    for line in file.read_text().splitlines(keepends=True):
        if not line.endswith("\n"):
            return
        for resource in json.loads(line)[f"resource{kind}"]:
            service = _attributes(resource["resource"])["service.name"]
            for scope in resource[f"scope{kind}"]:
                for record in scope[records]:
                    yield service, record


def _attributes(holder: Any) -> dict[str, Any]:
    return {
        each["key"]: next(iter(each["value"].values()), None)
        for each in holder.get("attributes", ())
    }
