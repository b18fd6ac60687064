"""Telemetry for `faststream.confluent`, the broker that uses confluent-kafka."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from confluent_kafka import Message
from faststream.confluent.response import KafkaPublishCommand

from faststream_otel import _conventions as conventions
from faststream_otel._kafka import BaseKafkaMessages, describe_record
from faststream_otel._messages import ReceivedMessage
from faststream_otel._middleware import TelemetryMiddleware

if TYPE_CHECKING:
    from faststream_otel._destination import Attributes
    from faststream_otel._messages import Source

__all__ = ("KafkaTelemetryMiddleware",)


class ConfluentMessages(BaseKafkaMessages[Message, KafkaPublishCommand]):
    """Describes what a Confluent Kafka broker sends and handles."""

    package = "confluent"

    def answered(self, answer: Any) -> Attributes:
        """Give the position of the record."""
        # With `no_confirm` it is a future.
        if not isinstance(answer, Message):
            return {}
        return _position(answer)

    def received(
        self, message: Message | list[Message] | tuple[Message, ...], subscriber: Any
    ) -> ReceivedMessage | list[ReceivedMessage]:
        """Describe a record, or a batch of them."""
        source = self.sources.get(id(subscriber)) or self.source(subscriber)
        if isinstance(message, (list, tuple)):
            return [self._describe(record, source) for record in message]
        described = self._describe(message, source)
        # FastStream's id of a record.
        message_id = f"{message.offset()}-{message.timestamp()[1]}"
        described.attributes[conventions.MESSAGE_ID] = message_id
        return described

    def _describe(self, message: Message, source: Source) -> ReceivedMessage:
        topic = message.topic() or ""
        destination = source.destinations.get(topic)
        if destination is None:
            destination = source.destinations[topic] = self.destination(
                topic, source.attributes
            )
        attributes = _position(message)
        if message.value() is None:
            attributes[conventions.KAFKA_MESSAGE_TOMBSTONE] = True
        headers = describe_record(attributes, message.key(), message.headers())
        sent = _sent(message) if self.wants_time else None
        return ReceivedMessage(destination, attributes, headers, sent)


class KafkaTelemetryMiddleware(TelemetryMiddleware[Message, KafkaPublishCommand]):
    """Traces what a Confluent Kafka broker sends and handles.

    Give each broker its own instance:
    `KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])`.
    The spans follow OpenTelemetry's conventions for Kafka.
    """

    messages_type = ConfluentMessages


def _sent(message: Message) -> int | None:
    kind, milliseconds = message.timestamp()
    return milliseconds * 1_000_000 if kind and milliseconds > 0 else None


def _position(message: Message) -> Attributes:
    """Give where a record is; the client does not always know."""
    attributes: Attributes = {}
    partition, offset = message.partition(), message.offset()
    if partition is not None:
        attributes[conventions.DESTINATION_PARTITION_ID] = str(partition)
    if offset is not None:
        attributes[conventions.KAFKA_OFFSET] = offset
    return attributes
