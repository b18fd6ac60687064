"""A message, or a batch of them, that came in: what its span begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry import baggage
from opentelemetry.trace import (
    INVALID_SPAN,
    INVALID_SPAN_CONTEXT,
    Link,
    SpanContext,
    set_span_in_context,
)

from faststream_otel import _conventions as conventions
from faststream_otel._delivery import with_baggage
from faststream_otel._headers import captured
from faststream_otel._messages import ReceivedMessage
from faststream_otel._text import bounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.context import Context

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
    if not isinstance(described, ReceivedMessage):
        # Of a batch whose messages come from several destinations.
        mixed = messages.source(subscriber).mixed
        return _of_batch(described, mixed, telemetry, base)
    attributes, headers, sent = described.attributes, described.headers, described.sent
    context, creation = telemetry.propagation.receive(headers, base)
    names = telemetry.options.capture_headers
    if names:
        attributes.update(captured(names, headers))
    return Arrival(
        described.destination,
        attributes,
        context,
        () if creation is INVALID_SPAN_CONTEXT else (Link(creation),),
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
    names = telemetry.options.capture_headers
    destination = batch[0].destination
    headers: object = None
    read: Attributes = {}
    carried: Mapping[str, Any] = {}
    merged: dict[str, Any] = {}
    entries: list[Mapping[str, Any]] = []
    # By creation context: the attributes of each of its messages.
    groups: dict[tuple[int, int], _Group] = {}
    group: _Group = INVALID_SPAN_CONTEXT, []
    for message in batch:
        if message.headers != headers:
            # Those of messages that were sent together are equal, and read once.
            headers = message.headers
            context, creation = telemetry.propagation.receive(headers, base)
            carried = baggage.get_all(context)
            merged.update(carried)
            read = captured(names, headers) if names else {}
            ids = creation.trace_id, creation.span_id
            group = groups.setdefault(ids, (creation, []))
        if message.destination is not destination:
            destination = mixed
        message.attributes.update(read)
        entries.append(carried)
        group[1].append(message.attributes)
    equal = [(creation, len(each), _equal(each)) for creation, each in groups.values()]
    attributes = _equal([of_group for _, _, of_group in equal])
    for name in conventions.OF_SINGLE_MESSAGES:
        attributes.pop(name, None)
    if destination is mixed:
        # Partitions of several topics have nothing but their number in common.
        attributes.pop(conventions.DESTINATION_PARTITION_ID, None)
    attributes[conventions.BATCH_MESSAGE_COUNT] = len(batch)
    context = set_span_in_context(INVALID_SPAN, base) if base else base
    return Arrival(
        destination,
        attributes,
        with_baggage(merged, context) if merged else context,
        [
            Link(creation, _of_link(of_group, messages, attributes))
            for creation, messages, of_group in equal
            if creation is not INVALID_SPAN_CONTEXT
        ],
        [message.headers for message in batch],
        [message.sent for message in batch if message.sent is not None],
        entries,
    )


# A creation context, and the attributes of each message that was created in it.
_Group = tuple[SpanContext, list["Attributes"]]


def _equal(each: Sequence[Attributes]) -> Attributes:
    """Give the attributes that are equal for all messages."""
    equal = {**each[0]}
    for attributes in each:
        if not equal.items() <= attributes.items():
            equal = dict(item for item in equal.items() if item in attributes.items())
    return equal


def _of_link(equal: Attributes, messages: int, common: Attributes) -> Attributes:
    """Give what the messages of a link have in common, and not with all others."""
    attributes: Attributes = {
        name: bounded(value) if isinstance(value, str) else value
        for name, value in equal.items()
        if name not in common
    }
    if messages > 1:
        attributes[conventions.BATCH_MESSAGE_COUNT] = messages
    return attributes
