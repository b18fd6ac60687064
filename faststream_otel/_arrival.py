"""A message, or a batch of them, that came in: what its span begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry import baggage
from opentelemetry.trace import INVALID_SPAN, Link, set_span_in_context

from faststream_otel import _conventions as conventions
from faststream_otel._baggage import merge
from faststream_otel._delivery import with_baggage
from faststream_otel._headers import captured
from faststream_otel._messages import ReceivedMessage
from faststream_otel._text import bounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.context import Context
    from opentelemetry.trace import SpanContext

    from faststream_otel._destination import Attributes, Destination
    from faststream_otel._faststream import Subscriber
    from faststream_otel._messages import Messages
    from faststream_otel._telemetry import Telemetry


@dataclass(slots=True)
class Arrival:
    """What came in.

    `context` is that in which it is handled, before it has a span; `headers` are those
    of each message; `sent` is when each message was sent, as far as the broker tells.
    """

    destination: Destination
    attributes: Attributes
    context: Context
    links: Sequence[Link]
    headers: Sequence[Mapping[Any, Any]]
    sent: Sequence[int]
    batch_baggage: Sequence[Mapping[str, Any]] = ()


def arrival_of(
    described: ReceivedMessage | Sequence[ReceivedMessage],
    messages: Messages[Any, Any],
    subscriber: Subscriber | None,
    telemetry: Telemetry,
    base: Context,
) -> Arrival:
    """Read what a message, or the messages of a batch, bring along.

    Args:
        described: What was delivered.
        messages: Describes messages.
        subscriber: Whose handlers get it; None if the application fetched it.
        telemetry: Reads the headers, and says which ones are recorded.
        base: What is current: empty, but for what an outer middleware attached.
    """
    if isinstance(described, ReceivedMessage):
        return _of_message(described, telemetry, base)
    # Of a batch whose messages come from several destinations.
    mixed = messages.source(subscriber).mixed
    return _of_batch(described, mixed, telemetry, base)


def _of_message(
    message: ReceivedMessage, telemetry: Telemetry, base: Context
) -> Arrival:
    attributes, headers, sent = message.attributes, message.headers, message.sent
    context, creation = telemetry.propagation.receive(headers, base)
    names = telemetry.options.capture_headers
    if names:
        attributes = {**attributes, **captured(names, headers)}
    return Arrival(
        message.destination,
        attributes,
        context,
        (Link(creation),) if creation.is_valid else (),
        (headers,),
        () if sent is None else (sent,),
    )


def _of_batch(
    batch: Sequence[ReceivedMessage],
    mixed: Destination,
    telemetry: Telemetry,
    base: Context,
) -> Arrival:
    """Read what the messages of a batch bring along.

    A batch belongs to no trace of its messages: it starts one, and links theirs.
    """
    arrivals = [_of_message(message, telemetry, base) for message in batch]
    destination = batch[0].destination
    if any(message.destination is not destination for message in batch):
        destination = mixed
    attributes = _equal([arrival.attributes for arrival in arrivals])
    for name in conventions.OF_SINGLE_MESSAGES:
        attributes.pop(name, None)
    if destination is mixed:
        # Partitions of several topics have nothing but their number in common.
        attributes.pop(conventions.DESTINATION_PARTITION_ID, None)
    attributes[conventions.BATCH_MESSAGE_COUNT] = len(batch)
    entries = [baggage.get_all(arrival.context) for arrival in arrivals]
    context = set_span_in_context(INVALID_SPAN, base) if base else base
    merged = merge(entries)
    return Arrival(
        destination,
        attributes,
        with_baggage(merged, context) if merged else context,
        _links(arrivals, attributes),
        [message.headers for message in batch],
        [sent for arrival in arrivals for sent in arrival.sent],
        entries,
    )


def _equal(each: Sequence[Attributes]) -> Attributes:
    """Give the attributes that are equal for all messages."""
    first, *others = each
    return {
        name: value
        for name, value in first.items()
        if all(name in other and other[name] == value for other in others)
    }


def _links(arrivals: Sequence[Arrival], common: Attributes) -> list[Link]:
    """Make one link per creation context, with what the batch's span does not say."""
    sent: dict[tuple[int, int], tuple[SpanContext, list[Attributes]]] = {}
    for arrival in arrivals:
        for link in arrival.links:
            ids = link.context.trace_id, link.context.span_id
            sent.setdefault(ids, (link.context, []))[1].append(arrival.attributes)
    return [Link(creation, _of_link(each, common)) for creation, each in sent.values()]


def _of_link(messages: Sequence[Attributes], common: Attributes) -> Attributes:
    attributes: Attributes = {
        name: bounded(value) if isinstance(value, str) else value
        for name, value in _equal(messages).items()
        if name not in common
    }
    if len(messages) > 1:
        attributes[conventions.BATCH_MESSAGE_COUNT] = len(messages)
    return attributes
