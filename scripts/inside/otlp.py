"""A recorded trace as OTLP JSON, which a backend takes and tools read."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from faststream_otel.testing import RecordedSpan, Trace

KINDS: Final = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}
STATUSES: Final = {"UNSET": 0, "OK": 1, "ERROR": 2}


def otlp(trace: Trace) -> str:
    """All spans, by the service that they are of."""
    spans = sorted(trace.spans, key=lambda span: span.service)
    resources = [
        {
            "resource": {"attributes": attributes({"service.name": service})},
            "scopeSpans": [
                {
                    "scope": {"name": "faststream_otel"},
                    "spans": [described(span) for span in of_service],
                }
            ],
        }
        for service, of_service in groupby(spans, key=lambda span: span.service)
    ]
    return json.dumps({"resourceSpans": resources}, indent=2, ensure_ascii=False)


def described(span: RecordedSpan) -> dict[str, Any]:
    """One span; 64-bit numbers are text in OTLP JSON."""
    parent = {"parentSpanId": f"{span.parent_id:016x}"} if span.parent_id else {}
    links = [
        {
            "traceId": f"{link.trace_id:032x}",
            "spanId": f"{link.span_id:016x}",
            "attributes": attributes(link.attributes),
        }
        for link in span.links
    ]
    return {
        "traceId": f"{span.trace_id:032x}",
        "spanId": f"{span.span_id:016x}",
        **parent,
        "name": span.name,
        "kind": KINDS[span.kind],
        "startTimeUnixNano": str(span.start),
        "endTimeUnixNano": str(span.end),
        "attributes": attributes(span.attributes),
        "links": links,
        "status": {"code": STATUSES[span.status], "message": span.status_description},
    }


def attributes(held: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Attributes as a list of names and typed values."""
    return [{"key": name, "value": typed(value)} for name, value in held.items()]


def typed(value: Any) -> dict[str, Any]:
    """A value, with its type."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, (list, tuple)):
        return {"arrayValue": {"values": [typed(each) for each in value]}}
    return {"stringValue": str(value)}
