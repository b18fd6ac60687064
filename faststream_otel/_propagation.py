"""Context in message headers, by the propagator that the application configured.

What arrives in headers is input from outside: a value that is no text, or too long,
is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry import baggage, propagate
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import (
    INVALID_SPAN,
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    get_current_span,
    set_span_in_context,
)

from faststream_otel._faults import tell_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.propagators.textmap import TextMapPropagator
    from opentelemetry.trace import SpanContext

    from faststream_otel._options import Options

# W3C Baggage allows 8192 bytes in all, and nothing else that is propagated is longer.
# The API would write a longer one to the log, whole.
_LONGEST_HEADER = 8192


def text(value: object) -> str | None:
    """Give a header's value as text; None if it has no such form."""
    if isinstance(value, (bytes, bytearray)):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return None
    return value if isinstance(value, str) else None


class _HeaderGetter(Getter["Mapping[Any, Any]"]):
    """Reads headers of every type that a client delivers, and never raises."""

    def get(self, carrier: Mapping[Any, Any], key: str) -> list[str] | None:
        value = text(carrier.get(key))
        return None if value is None or len(value) > _LONGEST_HEADER else [value]

    def keys(self, carrier: Mapping[Any, Any]) -> list[str]:
        return [key for key in carrier if isinstance(key, str)]


_GETTER = _HeaderGetter()


class Received(NamedTuple):
    """What a message's headers mean.

    `context` is that in which the message is handled, before it has a span;
    `creation` is the span context to link, invalid if there is none; `carried` is
    what the headers say, believed or not.
    """

    context: Context
    creation: SpanContext
    carried: SpanContext


class Carried(NamedTuple):
    """What of the headers of an outgoing message is context that its caller wrote.

    `creation` is the caller's span context, invalid if there is none; `names` are
    the headers that the propagator would write too.
    """

    creation: SpanContext
    names: frozenset[str]

    @property
    def ids(self) -> tuple[int, int]:
        """Trace and span id of `creation`."""
        return self.creation.trace_id, self.creation.span_id


NOTHING_CARRIED = Carried(INVALID_SPAN_CONTEXT, frozenset())


class Propagation:
    """Reads and writes context as the options of a middleware say.

    Args:
        options: `propagator`, `incoming` and `baggage_keys` are used.
    """

    __slots__ = ("_accepts", "_fields", "_fields_of", "_incoming", "_own")

    def __init__(self, options: Options) -> None:
        self._own = options.propagator
        self._incoming = options.incoming
        self._accepts = options.accepts_baggage
        self._fields_of: TextMapPropagator | None = None
        self._fields = frozenset[str]()

    def receive(self, headers: Mapping[Any, Any]) -> Received:
        """Read the context that a message carries.

        The context of the running task is left out: a message belongs to the trace
        that it brings along, or to none.

        Args:
            headers: The message's headers, of any type.
        """
        context = self._extract(headers)
        carried = get_current_span(context).get_span_context()
        if self._incoming == "ignore":
            return Received(Context(), INVALID_SPAN_CONTEXT, carried)
        if self._accepts is not None:
            context = self._with_accepted_baggage(context)
        if self._incoming == "link" and carried.is_valid:
            context = set_span_in_context(INVALID_SPAN, context)
        return Received(context, carried, carried)

    def carried(self, headers: Mapping[Any, Any]) -> Carried:
        """Find the context that the caller put into a message's headers."""
        if not headers:
            return NOTHING_CARRIED
        names = self._names().intersection(headers)
        if not names:
            return NOTHING_CARRIED
        context = self._extract(headers)
        return Carried(get_current_span(context).get_span_context(), names)

    def inject(
        self,
        headers: Mapping[str, Any],
        context: Context,
        carried: Carried = NOTHING_CARRIED,
    ) -> dict[str, Any]:
        """Make the headers that carry `context`; `headers` stay as they are.

        Args:
            headers: What the caller wants to send.
            context: What is to travel with the message.
            carried: What the caller wrote of it, which is not replaced.

        Returns:
            New headers, each propagation header once.
        """
        carrier: dict[str, Any] = {}
        try:
            if self._accepts is not None:
                context = self._with_accepted_baggage(context)
            if carried.creation.is_valid:
                # Each header is to tell of the caller's span, as the caller's own do.
                span = NonRecordingSpan(carried.creation)
                context = set_span_in_context(span, context)
            self._propagator().inject(carrier, context)
        except Exception:
            tell_once("Writing context into headers")
        if not headers:
            return carrier
        replaced = self._names() - carried.names
        kept = {name: value for name, value in headers.items() if name not in replaced}
        return {**carrier, **kept}

    def _extract(self, headers: Mapping[Any, Any]) -> Context:
        context = Context()
        if not headers:
            return context
        try:
            return self._propagator().extract(headers, context, _GETTER)
        except Exception:
            tell_once("Reading context from headers")
            return context

    def _propagator(self) -> TextMapPropagator:
        # The global one may be set, or set anew, after the middleware was made.
        return self._own or propagate.get_global_textmap()

    def _names(self) -> frozenset[str]:
        """Give the header names of the propagator, made once a propagator."""
        propagator = self._propagator()
        if self._fields_of is not propagator:
            self._fields = frozenset(propagator.fields)
            self._fields_of = propagator
        return self._fields

    def _with_accepted_baggage(self, context: Context) -> Context:
        accepts = self._accepts
        assert accepts is not None, "asked only if there is an option"
        for key in baggage.get_all(context):
            if not accepts(key):
                context = baggage.remove_baggage(key, context)
        return context
