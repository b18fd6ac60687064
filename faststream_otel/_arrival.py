"""A message, or a batch of them, that came in: what its span begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.trace import Link

from faststream_otel import _conventions as conventions
from faststream_otel import _spans
from faststream_otel._baggage import merge, replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.trace import SpanContext

    from faststream_otel._description import Attributes, Destination, Incoming
    from faststream_otel._options import Options
    from faststream_otel._propagation import Propagation


class Arrival(NamedTuple):
    """What came in.

    `context` is that in which it is handled, before it has a span. `creations` are
    trace and span id of each context that came along, believed or not; `sent` is
    when each message was sent, of those of which the broker tells it.
    """

    destination: Destination
    attributes: Attributes
    context: Context
    links: Sequence[Link]
    creations: set[tuple[int, int]]
    sent: Sequence[int]
    batch_baggage: list[Mapping[str, Any]]


def of_message(
    incoming: Incoming, propagation: Propagation, options: Options
) -> Arrival:
    """Read what a single message brings along."""
    context, creation, carried = propagation.receive(incoming.headers)
    attributes = incoming.attributes
    if options.capture_headers:
        attributes = {**attributes, **_spans.captured(options, incoming.headers)}
    return Arrival(
        incoming.destination,
        attributes,
        context,
        (Link(creation),) if creation.is_valid else (),
        {(carried.trace_id, carried.span_id)} if carried.is_valid else set(),
        () if incoming.sent is None else (incoming.sent,),
        [],
    )


def of_batch(
    batch: Sequence[Incoming],
    mixed: Destination,
    propagation: Propagation,
    options: Options,
) -> Arrival:
    """Read what the messages of a batch bring along.

    A batch belongs to no trace of its messages: it starts one, and links theirs.

    Args:
        batch: The messages, in their order; at least one.
        mixed: The destination of a batch whose messages come from several.
        propagation: Reads their headers.
        options: Says which headers are recorded.
    """
    arrivals = [of_message(incoming, propagation, options) for incoming in batch]
    destination = batch[0].destination
    if any(incoming.destination is not destination for incoming in batch):
        destination = mixed
    attributes: Attributes = {conventions.BATCH_MESSAGE_COUNT: len(batch)}
    partition = _common_partition(arrivals)
    # Partitions of several topics have nothing but their number in common.
    if partition is not None and destination is not mixed:
        attributes[conventions.DESTINATION_PARTITION_ID] = partition
    entries = [baggage.get_all(arrival.context) for arrival in arrivals]
    return Arrival(
        destination,
        attributes,
        replace(merge(entries), Context()),
        _links(arrivals, attributes),
        set().union(*(arrival.creations for arrival in arrivals)),
        [sent for arrival in arrivals for sent in arrival.sent],
        list(entries),
    )


def _common_partition(arrivals: Sequence[Arrival]) -> str | None:
    partitions = {
        arrival.attributes.get(conventions.DESTINATION_PARTITION_ID)
        for arrival in arrivals
    }
    only = partitions.pop() if len(partitions) == 1 else None
    return only if isinstance(only, str) else None


def _links(arrivals: Sequence[Arrival], common: Attributes) -> list[Link]:
    """Make one link a creation context, with what the batch's span does not say."""
    sent: dict[tuple[int, int], tuple[SpanContext, list[Attributes]]] = {}
    for arrival in arrivals:
        for link in arrival.links:
            ids = link.context.trace_id, link.context.span_id
            sent.setdefault(ids, (link.context, []))[1].append(arrival.attributes)
    return [
        Link(
            creation,
            {k: v for k, v in messages[0].items() if k not in common}
            if len(messages) == 1
            else {conventions.BATCH_MESSAGE_COUNT: len(messages)},
        )
        for creation, messages in sent.values()
    ]
