"""Context in message headers, by the propagator that the application configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    get_current_span,
    set_span_in_context,
)

from faststream_otel import _w3c
from faststream_otel._faults import FAULTS, tell_once, warn_once
from faststream_otel._headers import LONGEST, HeaderGetter
from faststream_otel._text import bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from opentelemetry.propagators.textmap import TextMapPropagator
    from opentelemetry.trace import Span, SpanContext

    from faststream_otel._options import Options


class Written(NamedTuple):
    """What of the headers of an outgoing message is context.

    `creation` is the span context that the caller wrote, None if there is none;
    `own` are the names of the caller's context headers in lower case; `forwarded`
    are the headers that came with another message, as they are spelled.
    """

    creation: SpanContext | None
    own: frozenset[str]
    forwarded: frozenset[str]


NOTHING_WRITTEN: Final = Written(None, frozenset(), frozenset())


class Propagation:
    """Reads and writes context as the options of a middleware say.

    Args:
        options: `propagator`, `incoming` and `baggage_keys` are used.
    """

    __slots__ = (
        "_accepts",
        "_incoming",
        "_is_plain",
        "_is_w3c",
        "_known",
        "_parts",
        "_propagator",
        "_w3c_headers",
    )

    def __init__(self, options: Options) -> None:
        own = options.propagator
        self._incoming = options.incoming
        self._accepts = options.accepts_baggage
        self._propagator = _configured() if own is None else lambda: own
        self._learn(self._propagator())

    def receive(
        self, headers: Mapping[Any, Any], base: Context
    ) -> tuple[Context, SpanContext]:
        """Read the context that a message carries.

        Args:
            headers: The message's headers, of any type.
            base: What is current: empty, but for what an outer middleware attached.

        Returns:
            The context in which the message is handled, before it has a span, and the
            span context to link, `INVALID_SPAN_CONTEXT` itself if there is none.
        """
        before = get_current_span(base) if base else INVALID_SPAN
        if self._incoming == "ignore":
            # What is not believed is not even parsed.
            return _without_span(base, before), INVALID_SPAN_CONTEXT
        if not headers:
            return base, INVALID_SPAN_CONTEXT
        if self._known is not self._propagator():
            self._propagators()
        if self._is_plain and (plain := _w3c.read(headers)) is not None:
            if self._incoming == "link":
                return _without_span(base, before), plain
            if plain is INVALID_SPAN_CONTEXT:
                return base, plain
            return set_span_in_context(NonRecordingSpan(plain), base), plain
        context = self._extract(headers, base)
        if self._accepts is not None and not self._is_w3c:
            context = self._with_accepted_baggage(context)
        span = get_current_span(context)
        carried = INVALID_SPAN_CONTEXT if span is before else span.get_span_context()
        if not carried.is_valid:
            carried = INVALID_SPAN_CONTEXT
        if self._incoming == "link":
            context = _without_span(context, span)
        return context, carried

    def written(
        self, headers: Mapping[Any, Any], came_along: Callable[[str, Any], bool]
    ) -> Written:
        """Find what of the headers of an outgoing message is context already.

        Args:
            headers: The headers as the caller wrote them.
            came_along: Whether a header, by name and value, came with the message
                that is being handled, or with one that was fetched.
        """
        names = self.context_headers(headers)
        if not names:
            return NOTHING_WRITTEN
        forwarded = {name for name in names if came_along(name, headers[name])}
        own = {name: headers[name] for name in names if name not in forwarded}
        creation = None
        if own:
            context = self._extract(own, Context(), parse_baggage=False)
            found = get_current_span(context).get_span_context()
            creation = found if found.is_valid else None
        return Written(creation, frozenset(map(str.lower, own)), frozenset(forwarded))

    def inject(
        self,
        context: Context,
        written: Written = NOTHING_WRITTEN,
        span: Span | None = None,
    ) -> dict[str, Any]:
        """Make the headers that carry `context`.

        Args:
            context: What is to travel with the message.
            written: What the caller wrote of it, which is not replaced.
            span: The span of the context, where the caller has it at hand.
        """
        if self._known is not self._propagator():
            self._propagators()
        if self._is_plain and not written.own and len(context) == 1:
            # Most often that is a span.
            span = get_current_span(context) if span is None else span
            traceparent = _w3c.written(span.get_span_context())
            if traceparent is not None:
                return {_w3c.TRACEPARENT: traceparent}
        carrier: dict[str, Any] = {}
        try:
            if self._accepts is not None:
                context = self._with_accepted_baggage(context)
            if written.creation is not None:
                # Each header is to tell of the caller's span, as the caller's own do.
                creation = NonRecordingSpan(written.creation)
                context = set_span_in_context(creation, context)
        except FAULTS:
            tell_once("Reading what to propagate")
            return carrier
        self._inject(carrier, context)
        if not written.own:
            return carrier
        return {k: v for k, v in carrier.items() if k.lower() not in written.own}

    def _inject(self, carrier: dict[Any, Any], context: Context) -> None:
        """Let each propagator write what it can."""
        for part in self._propagators():
            try:
                part.inject(carrier, context)
            except FAULTS:  # noqa: PERF203 - one that fails leaves the others
                tell_once("Writing context into headers")
        for name, value in tuple(carrier.items()):
            if not (isinstance(name, str) and isinstance(value, str)):
                # Not every client takes it, and the message has to be sent.
                del carrier[name]
            elif len(value) > LONGEST:
                # Nobody has to read it, and not every client can send it.
                del carrier[name]
                warn_once(
                    f"The header {bounded(name)} is longer than {LONGEST} bytes, "
                    "and is not sent: baggage travels with each message."
                )

    def fields(self) -> frozenset[str]:
        """Give the names of the headers that are written, in lower case."""
        return _fields(self._propagators())

    def _extract(
        self,
        headers: Mapping[Any, Any],
        base: Context,
        *,
        parse_baggage: bool = True,
        getter: HeaderGetter | None = None,
    ) -> Context:
        if getter is None:
            getter = HeaderGetter(self._accepts if parse_baggage else _nothing)
        context = base
        for part in self._propagators():
            try:
                extracted: object = part.extract(headers, context, getter)
                if isinstance(extracted, Context):
                    context = extracted
            except FAULTS:  # noqa: PERF203 - one that fails leaves the others
                tell_once("Reading context from headers")
        return context

    def _propagators(self) -> Sequence[TextMapPropagator]:
        # The global one may be set, or set anew, after the middleware was made.
        propagator = self._propagator()
        if self._known is not propagator:
            self._learn(propagator)
        return self._parts

    def _learn(self, propagator: TextMapPropagator) -> None:
        parts = self._parts = _parts(propagator)
        self._is_w3c = all(type(each) in _w3c.PROPAGATORS for each in parts)
        self._is_plain = _w3c.reads_trace_context(parts)
        # What W3C's propagators read, those that are in use.
        self._w3c_headers = _fields(parts) if self._is_w3c else frozenset()
        self._known = propagator

    def context_headers(self, headers: Mapping[Any, Any]) -> list[str]:
        """Give the names of headers that carry context, as they are spelled."""
        self._propagators()
        names: Iterable[str] = self._w3c_headers
        if not self._is_w3c:
            # What it reads, not only what it writes: B3 reads `x-b3-flags`, too.
            getter = HeaderGetter(_nothing)
            self._extract(headers, Context(), getter=getter)
            names = getter.read | self.fields()
        return [
            name for name in headers if isinstance(name, str) and name.lower() in names
        ]

    def _with_accepted_baggage(self, context: Context) -> Context:
        accepts = self._accepts
        assert accepts is not None, "asked only if there is an option"
        for key in baggage.get_all(context):
            if not accepts(key):
                context = baggage.remove_baggage(key, context)
        return context


def _configured() -> Callable[[], TextMapPropagator]:
    # To import it is to load what `OTEL_PROPAGATORS` names, and code may set that after
    # its imports, from a file of its own.
    from opentelemetry import propagate  # noqa: PLC0415 - see above

    return propagate.get_global_textmap


def _nothing(_: str) -> bool:
    return False


def _parts(propagator: TextMapPropagator) -> Sequence[TextMapPropagator]:
    from opentelemetry.propagators.composite import (  # noqa: PLC0415 - `propagate` does
        CompositePropagator,
    )

    # The API's composite does not tell what it is made of. A class that is derived
    # from it may do more than its parts.
    if type(propagator) is not CompositePropagator:
        return (propagator,)
    return tuple(getattr(propagator, "_propagators", (propagator,)))


def _fields(parts: Iterable[TextMapPropagator]) -> frozenset[str]:
    names: set[str] = set()
    for part in parts:
        try:
            names.update(map(str.lower, part.fields))
        except FAULTS:  # noqa: PERF203 - one that fails leaves the others
            tell_once("Asking a propagator for its fields")
    return frozenset(names)


def _without_span(context: Context, span: object) -> Context:
    return (
        context if span is INVALID_SPAN else set_span_in_context(INVALID_SPAN, context)
    )
