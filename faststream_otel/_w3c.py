"""W3C Trace Context as nearly every message has it: one plain `traceparent`.

OpenTelemetry's propagators do the same in five times the instructions. What has any
other form is left to them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    INVALID_SPAN_CONTEXT,
    SpanContext,
    TraceFlags,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opentelemetry.propagators.textmap import TextMapPropagator

TRACEPARENT: Final = "traceparent"
HEADERS: Final = frozenset({TRACEPARENT, "tracestate", "baggage"})
PROPAGATORS: Final = frozenset({TraceContextTextMapPropagator, W3CBaggagePropagator})

_PLAIN: Final = re.compile(
    "00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-(0[0-3])"
).fullmatch
_FLAGS: Final = {f"{flags:02x}": TraceFlags(flags) for flags in range(4)}


def reads_trace_context(parts: Iterable[TextMapPropagator]) -> bool:
    """Whether propagators read W3C Trace Context and, at most, W3C Baggage."""
    kinds = {type(each) for each in parts}
    return TraceContextTextMapPropagator in kinds and kinds <= PROPAGATORS


def read(headers: Mapping[Any, Any]) -> SpanContext | None:
    """Give the span context that the headers of a message carry.

    Args:
        headers: The message's headers, of any type.

    Returns:
        `INVALID_SPAN_CONTEXT` itself where no header carries any context, and None
        where a propagator has to look: at another header, form or spelling.
    """
    found = INVALID_SPAN_CONTEXT
    for name, value in headers.items():
        if type(name) is not str or not name.islower():
            return None
        if name not in HEADERS:
            continue
        if name != TRACEPARENT:
            return None
        text = value
        if type(text) is bytes and text.isascii():
            text = text.decode()
        plain = _PLAIN(text) if type(text) is str else None
        if plain is None:
            return None
        trace_id, span_id, flags = plain.groups()
        found = SpanContext(int(trace_id, 16), int(span_id, 16), True, _FLAGS[flags])  # noqa: FBT003
    return found


def written(context: SpanContext) -> str | None:
    """Give the `traceparent` of a span context.

    Returns:
        None where that would not be all: if it is invalid, or has a trace state.
    """
    trace_id, span_id, _, flags, state, is_valid = context
    if not is_valid or (state is not DEFAULT_TRACE_STATE and state):
        return None
    # In two thirds of what an f-string of these numbers takes.
    return "00-%032x-%016x-%02x" % (trace_id, span_id, flags)  # noqa: UP031
