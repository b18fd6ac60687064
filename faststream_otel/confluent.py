"""Telemetry for `faststream.confluent`, the broker that uses confluent-kafka."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from confluent_kafka import Message
from faststream.confluent.response import KafkaPublishCommand

from faststream_otel import _conventions as conventions
from faststream_otel._description import Destination, Incoming
from faststream_otel._kafka import BaseKafkaTelemetryMiddleware, add_key
from faststream_otel._middleware import remember

if TYPE_CHECKING:
    from faststream_otel._description import Attributes
    from faststream_otel._middleware import Source

__all__ = ("KafkaTelemetryMiddleware",)


class KafkaTelemetryMiddleware(
    BaseKafkaTelemetryMiddleware[Message, KafkaPublishCommand],
):
    """Traces what a Confluent Kafka broker sends and handles.

    Give one instance to each broker:
    `KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])`.
    The spans follow OpenTelemetry's conventions for Kafka.
    """

    def _describe_answer(self, answer: Any) -> Attributes:
        # With `no_confirm` it is a future.
        if not isinstance(answer, Message):
            return {}
        return _position(answer)

    def _describe_message(
        self, message: Message | Sequence[Message], subscriber: Any
    ) -> Incoming | list[Incoming]:
        source = self._source(subscriber)
        if isinstance(message, Sequence):
            return [_describe(record, source) for record in message]
        return _describe(message, source)


def _describe(message: Message, source: Source) -> Incoming:
    topic = message.topic() or ""
    destination = source.destinations.get(topic)
    if destination is None:
        destination = Destination(topic, source.attributes)
        remember(source.destinations, topic, destination)
    attributes = _position(message)
    add_key(attributes, message.key())
    if message.value() is None:
        attributes[conventions.KAFKA_MESSAGE_TOMBSTONE] = True
    # Of a header that stands there twice, the last counts, as in other languages.
    headers = dict(message.headers() or ())
    kind, milliseconds = message.timestamp()
    sent = milliseconds * 1_000_000 if kind and milliseconds > 0 else None
    return Incoming(destination, attributes, headers, sent)


def _position(message: Message) -> Attributes:
    """Give where a record is; the client does not always know."""
    attributes: Attributes = {}
    partition, offset = message.partition(), message.offset()
    if partition is not None:
        attributes[conventions.DESTINATION_PARTITION_ID] = str(partition)
    if offset is not None:
        attributes[conventions.KAFKA_OFFSET] = offset
    return attributes
