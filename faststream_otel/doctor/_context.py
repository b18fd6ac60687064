"""Checks of how context travels: propagators, options, and a message to try them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    set_span_in_context,
)

from faststream_otel._w3c import TRACEPARENT
from faststream_otel.doctor import _options, _roundtrip
from faststream_otel.doctor._finding import Fact, Finding, Rule
from faststream_otel.doctor._service import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel._middleware import TelemetryMiddleware
    from faststream_otel.doctor._roundtrip import Trip
    from faststream_otel.doctor._service import Broker, Service, Stack

    Middleware = TelemetryMiddleware[Any, Any]

NOT_SENT: Final = Rule(
    "FSO201",
    "error",
    "No propagator writes context into messages.",
    "Every service that receives them begins a new trace.",
    "OTEL_PROPAGATORS=tracecontext,baggage, or unset it",
)
STRIPPED: Final = Rule(
    "FSO207",
    "error",
    "A message loses its context on the way through the middlewares.",
    "The service that receives it begins a new trace.",
    "Make these middlewares keep the headers that they receive: {others}",
)
BROKEN: Final = Rule(
    "FSO202",
    "error",
    "A message is not handled in the trace in which it was published.",
    "The trace ends where the message is sent, and a new one begins.",
    "Pass the same propagator= to sender and receiver; other middlewares: {others}",
)
OLD_MQTT: Final = Rule(
    "FSO203",
    "warning",
    "MQTT 3.1.1 has no headers.",
    "Spans are recorded, but no context is sent, so each message starts a new trace.",
    'MQTTBroker(version="5.0")',
)
DIFFERENT: Final = Rule(
    "FSO204",
    "warning",
    "Two brokers of this service have incompatible propagators.",
    "A message from one to the other starts a new trace.",
    "Pass the same propagator= to both, or none, to use the global one.",
)
NOT_W3C: Final = Rule(
    "FSO205",
    "note",
    "Messages carry no `traceparent`.",
    "Services that read only W3C's headers, which is the default, start a new trace.",
    "OTEL_PROPAGATORS=tracecontext,baggage,{others}",
)
NO_BAGGAGE: Final = Rule(
    "FSO206",
    "warning",
    "baggage_keys= has no effect.",
    "No propagator writes or reads baggage.",
    "OTEL_PROPAGATORS=tracecontext,baggage",
)


def check(service: Service) -> Iterator[Finding | Fact]:
    """Examine how context travels."""
    told: set[tuple[str, ...]] = set()
    for middleware in service.ours:
        words = tuple(_options.propagators(middleware, service.environment))
        if words not in told:
            told.add(words)
            yield Fact("Propagators", ", ".join(words))
        yield from _without_w3c(middleware)
        yield from _without_baggage(middleware)
    yield from _options.check(service)
    yield from _different(service)
    for broker in service.brokers:
        for stack in broker.stacks:
            if broker.stack.ours and stack.ours:
                yield from _tried(broker, stack, service.asked.timeout)


def _without_w3c(middleware: Middleware) -> Iterator[Finding]:
    fields = sorted(middleware.telemetry.propagation.fields() - {"baggage"})
    if fields and TRACEPARENT not in fields:
        others = ",".join(_options.propagators(middleware, {})).partition(" (")[0]
        seen = f"Context is written as {', '.join(fields)}"
        yield NOT_W3C.found(seen, where=_name(middleware), others=others)


def _without_baggage(middleware: Middleware) -> Iterator[Finding]:
    telemetry = middleware.telemetry
    fields = telemetry.propagation.fields()
    if telemetry.options.accepts_baggage is not None and "baggage" not in fields:
        seen = f"Headers that are written: {', '.join(sorted(fields)) or 'none'}"
        yield NO_BAGGAGE.found(seen, where=_name(middleware))


def _different(service: Service) -> Iterator[Finding]:
    """Let each middleware read what those of the same kind of broker write."""
    ours = [(broker, each) for broker in service.brokers for each in broker.stack.ours]
    told: set[frozenset[str]] = set()
    for sending, sender in ours:
        for receiving, receiver in ours:
            pair = frozenset((sending.name, receiving.name))
            if (
                sender is receiver
                or type(sender) is not type(receiver)
                or pair in told
                or receiver.telemetry.options.incoming == "ignore"
                or _understands(sender, receiver)
            ):
                continue
            told.add(pair)
            writes = ", ".join(sorted(sender.telemetry.propagation.fields()))
            reads = ", ".join(sorted(receiver.telemetry.propagation.fields()))
            seen = (
                f"{sending.name} writes {writes or 'nothing'}, and {receiving.name} "
                f"reads {reads or 'nothing'}"
            )
            yield DIFFERENT.found(seen, where=f"{sending.name}, {receiving.name}")


def _understands(sender: Middleware, receiver: Middleware) -> bool:
    span = SpanContext(
        0xFAC7, 0xFAC7, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
    context = set_span_in_context(NonRecordingSpan(span), Context())
    carrier = sender.telemetry.propagation.inject(context)
    _, carried = receiver.telemetry.propagation.receive(carrier, Context())
    # Who writes nothing is told so already.
    return not carrier or carried.span_id == span.span_id


def _tried(broker: Broker, stack: Stack, patience: float) -> Iterator[Finding | Fact]:
    receiver = stack.ours[0]
    if getattr(broker.broker.config, "version", None) == "3.1.1":
        yield OLD_MQTT.found('version="3.1.1"', where=broker.name)
        return
    trip = _roundtrip.travel(broker, stack, patience)
    name = "A message of " + stack.owner
    incoming = receiver.telemetry.options.incoming
    if trip.headers is None:
        yield Fact(name, _not_arrived(trip))
    elif trip.is_one_trace:
        yield Fact(name, f"one trace, by {_carriers(receiver, trip)}")
    elif incoming == "link" and trip.is_linked:
        yield Fact(name, 'a new trace that links the sender, by incoming="link"')
    elif incoming == "ignore":
        yield Fact(name, 'a new trace, by incoming="ignore"')
    else:
        yield _lost(broker, stack, trip)


def _not_arrived(trip: Trip) -> str:
    if trip.error is None:
        return "not tried: a middleware kept it"
    return f"not tried: {type(trip.error).__name__} was raised on the way"


def _carriers(middleware: Middleware, trip: Trip) -> str:
    fields = middleware.telemetry.propagation.fields()
    written = [name for name in trip.headers or () if name.lower() in fields]
    return ", ".join(written)


def _lost(broker: Broker, stack: Stack, trip: Trip) -> Finding:
    sender, receiver = broker.stack.ours[0], stack.ours[0]
    fields = sender.telemetry.propagation.fields()
    where = stack.owner
    if not fields:
        return NOT_SENT.found("none of the propagators has a field", where=where)
    others = [
        _options.name_of(each)
        for each in dict.fromkeys((*broker.stack.middlewares, *stack.middlewares))
        if not is_ours(each)
    ]
    named = ", ".join(others) or "none"
    arrived = _carriers(sender, trip)
    if not arrived:
        seen = f"{', '.join(sorted(fields))} should be there, and is not"
        return STRIPPED.found(seen, where=where, others=named)
    handled = trip.first(SpanKind.CONSUMER)
    what = "has no span" if handled is None else "has another parent"
    reads = ", ".join(sorted(receiver.telemetry.propagation.fields()))
    seen = f"{arrived} arrived, {reads} is read, and the handler {what}"
    return BROKEN.found(seen, where=where, others=named)


def _name(middleware: Middleware) -> str:
    return type(middleware).__name__
