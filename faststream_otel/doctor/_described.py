"""Exporters and what leads to them, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from faststream_otel.doctor._address import address_of
from faststream_otel.doctor._pipeline import fields, is_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from faststream_otel.doctor._address import Address
    from faststream_otel.doctor._pipeline import Route

# What clients and exporters add by themselves.
_USUAL_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-type",
        "user-agent",
    }
)
# The SDK waits no longer for a processor or a reader that it ends, in seconds.
_LONGEST: Final = 30.0


def described(route: Route, environment: Mapping[str, str]) -> str:
    """Say where a route leads, and how what it sends is collected."""
    name = type(route.inner if route.inner is not None else route.by).__name__
    if route.inner is None:
        return name
    address = address_of(route.inner, route.signal, environment)
    target = f" to {address}, {address.spoken}" if address else ""
    headers = (
        f", headers {', '.join(names)}" if (names := sent_headers(address)) else ""
    )
    return f"{name}{target}{headers}, {_collected(route)}"


def sent_headers(address: Address | None) -> list[str]:
    """Name the headers that somebody wants to be sent."""
    return sorted(set(address.headers) - _USUAL_HEADERS) if address else []


def batch_of(route: Route) -> dict[str, Any]:
    """Give the settings of a batch processor; nothing if it is none."""
    inside = fields(fields(route.by).get("_batch_processor"))
    return inside if "_max_queue_size" in inside else {}


def is_simple(route: Route) -> bool:
    """Whether the SDK's processor that does not collect is next to the exporter."""
    return type(route.by).__name__ in {
        "SimpleSpanProcessor",
        "SimpleLogRecordProcessor",
    }


def class_of_exporter(route: Route) -> type | None:
    """Give the class that a processor was given in place of an exporter, if any."""
    values = (*fields(route.by).values(), *batch_of(route).values())
    classes = (each for each in values if isinstance(each, type))
    return next((each for each in classes if hasattr(each, "export")), None)


def is_bare(route: Route) -> bool:
    """Whether an exporter is where the provider has its processors."""
    return route.exporter is not None and is_list(route.by)


def has_ended(route: Route) -> bool:
    """Whether nothing is taken any more."""
    return any(
        inside.get("_shutdown") is True
        for inside in (batch_of(route), fields(route.by))
    )


def _collected(route: Route) -> str:
    batch, reader = batch_of(route), fields(route.by)
    if batch:
        delay = batch.get("_schedule_delay_millis", 0) / 1000
        return (
            f"every {delay:g} s or {batch.get('_max_export_batch_size')} of them, "
            f"from a queue of {batch['_max_queue_size']}"
        )
    if "_export_interval_millis" in reader:
        return f"every {reader['_export_interval_millis'] / 1000:g} s"
    return f"by {type(route.by).__name__}"


def longest_stop(route: Route) -> float:
    """How long ending it takes at most, in seconds, if nobody answers."""
    inside = fields(route.inner)
    timeout = inside.get("_timeout", fields(inside.get("_client")).get("_timeout"))
    if not isinstance(timeout, (int, float)):
        return 0.0
    batch = batch_of(route)
    if batch:
        size, most = batch["_max_queue_size"], batch["_max_export_batch_size"]
        # One may be under way.
        batches = math.ceil(float(size) / float(most)) + 1
        return min(float(timeout) * batches, _LONGEST)
    return min(float(timeout), _LONGEST)
