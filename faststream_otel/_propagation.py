"""Context in message headers, by the propagator that the application configured.

What arrives in headers is input from outside: a value that is no text, or too long,
is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import INVALID_SPAN_CONTEXT, get_current_span

from faststream_otel._faults import tell_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.propagators.textmap import TextMapPropagator
    from opentelemetry.trace import SpanContext

# W3C Baggage allows 8192 bytes in all, and nothing else that is propagated is longer.
# The API would write a longer one to the log, whole.
_LONGEST_HEADER = 8192


class _HeaderGetter(Getter["Mapping[Any, Any]"]):
    """Reads headers of every type that a client delivers, and never raises."""

    def get(self, carrier: Mapping[Any, Any], key: str) -> list[str] | None:
        value = carrier.get(key)
        if isinstance(value, (bytes, bytearray)):
            try:
                value = value.decode()
            except UnicodeDecodeError:
                return None
        if not isinstance(value, str) or len(value) > _LONGEST_HEADER:
            return None
        return [value]

    def keys(self, carrier: Mapping[Any, Any]) -> list[str]:
        return [key for key in carrier if isinstance(key, str)]


_GETTER = _HeaderGetter()


def extract(headers: Mapping[str, Any]) -> Context:
    """Read the context that a message carries.

    The context of the running task is left out: a message belongs to the trace that
    it brings along, or to none.

    Args:
        headers: The message's headers, of any type.

    Returns:
        A new context, empty if the message carries none.
    """
    context = Context()
    if not headers:
        return context
    try:
        return propagate.extract(headers, context, _GETTER)
    except Exception:
        tell_once("Reading context from headers")
        return context


def span_context(context: Context) -> SpanContext:
    """Give the span context in `context`, an invalid one if there is none."""
    return get_current_span(context).get_span_context()


class Carried(NamedTuple):
    """What of the headers of an outgoing message is context that its caller wrote.

    `creation` is the caller's span context, invalid if he wrote none; `names` are
    the headers of his that the propagator would write too.
    """

    creation: SpanContext
    names: frozenset[str]


_NOTHING_CARRIED = Carried(INVALID_SPAN_CONTEXT, frozenset())
_fields: tuple[TextMapPropagator | None, frozenset[str]] = (None, frozenset())


def carried(headers: Mapping[str, Any]) -> Carried:
    """Find the context that the caller himself put into a message's headers."""
    if not headers:
        return _NOTHING_CARRIED
    names = _propagated_fields().intersection(headers)
    if not names:
        return _NOTHING_CARRIED
    return Carried(span_context(extract(headers)), names)


def inject(
    headers: Mapping[str, Any],
    context: Context,
    keep: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Make the headers that carry `context`; `headers` themselves stay as they are.

    Args:
        headers: What the caller wants to send.
        context: What is to travel with the message.
        keep: Names of the caller's headers that are not to be replaced.

    Returns:
        New headers, each propagation header once.
    """
    carrier: dict[str, Any] = {}
    try:
        propagate.inject(carrier, context)
    except Exception:
        tell_once("Writing context into headers")
    if not headers:
        return carrier
    replaced = _propagated_fields() - keep
    kept = {name: value for name, value in headers.items() if name not in replaced}
    return {**carrier, **kept}


def _propagated_fields() -> frozenset[str]:
    """Give the header names of the global propagator, made once a propagator."""
    global _fields
    propagator = propagate.get_global_textmap()
    known, fields = _fields
    if known is not propagator:
        fields = frozenset(propagator.fields)
        _fields = (propagator, fields)
    return fields
