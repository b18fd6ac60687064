"""Recorded traces, written by hand, for the tests of what shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faststream_otel._traces.model import RecordedLink, RecordedSpan, Trace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.util.types import AttributeValue

MS = 1_000_000


def span(
    number: int,
    name: str,
    kind: str,
    service: str,
    start: float,
    end: float,
    *,
    parent: int | None = None,
    trace: int = 1,
    links: Sequence[RecordedLink] = (),
    attributes: Mapping[str, AttributeValue] | None = None,
    status: str = "UNSET",
    status_description: str = "",
) -> RecordedSpan:
    """A span whose times are in milliseconds, and whose id is `number`."""
    return RecordedSpan(
        name=name,
        kind=kind,
        service=service,
        trace_id=trace,
        span_id=number,
        parent_id=parent,
        start=round(start * MS),
        end=round(end * MS),
        attributes=attributes or {},
        links=links,
        status=status,
        status_description=status_description,
    )


def chain() -> Trace:
    """Three messages, each sent by who got the one before."""
    rows = [
        ("publish first", "publisher", 0, 1),
        ("process first", "first", 2, 5),
        ("publish second", "first", 3, 4),
        ("process second", "second", 6, 9),
        ("publish third", "second", 7, 8),
        ("process third", "third", 10, 11),
    ]
    spans = []
    for number, (name, service, start, end) in enumerate(rows, 1):
        publishes = name.startswith("publish")
        spans.append(
            span(
                number,
                name,
                "PRODUCER" if publishes else "CONSUMER",
                service,
                start,
                end,
                parent=number - 1 or None,
                links=() if publishes else [RecordedLink(1, number - 1)],
            )
        )
    return Trace(tuple(spans))


CHAIN = chain()
