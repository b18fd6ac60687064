"""What ddtrace would send to its agent."""

from __future__ import annotations

import json
from typing import Any

from ddtrace.opentelemetry import TracerProvider
from ddtrace.trace import TraceFilter, tracer
from opentelemetry import trace

from tests.docs.vendors.orders import order


class Shown(TraceFilter):  # type: ignore[misc] # of another environment
    """Prints a trace, and keeps it here."""

    def process_trace(self, trace: Any) -> None:
        for span in trace:
            about = (span.name, span.resource, span.span_id, span.parent_id, span.error)
            print(json.dumps(about))


tracer.configure(trace_processors=[Shown()])
trace.set_tracer_provider(TracerProvider())
order()
tracer.shutdown()
