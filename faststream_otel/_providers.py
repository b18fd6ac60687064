"""Whether a provider may record: one that the API itself brings does not."""

from __future__ import annotations

from typing import Final

from opentelemetry import metrics, trace
from opentelemetry.metrics import _internal as metrics_internal

_OF_THE_API: Final = ("opentelemetry.metrics", "opentelemetry._logs")


def records(provider: object) -> bool:
    """Whether a provider may record anything."""
    module = type(provider).__module__
    return module != "opentelemetry.trace" and not module.startswith(_OF_THE_API)


# As long as no global provider is set, asking for it looks into the environment each
# time, which costs more than all else that is done for a message then. So these look
# first where the API keeps it; should it be kept elsewhere one day, they ask.


def global_records_spans() -> bool:
    """Whether a global provider is set that may record spans."""
    if getattr(trace, "_TRACER_PROVIDER", trace) is None:
        return False
    return records(trace.get_tracer_provider())


def global_records_metrics() -> bool:
    """Whether a global provider is set that may record metrics."""
    if getattr(metrics_internal, "_METER_PROVIDER", metrics) is None:
        return False
    return records(metrics.get_meter_provider())
