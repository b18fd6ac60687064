"""Telemetry for `faststream.kafka`, the broker that uses aiokafka."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiokafka.structs import RecordMetadata
from faststream.kafka.response import KafkaPublishCommand

from faststream_otel import _conventions as conventions
from faststream_otel._kafka import BaseKafkaMessages, describe_record
from faststream_otel._messages import ReceivedMessage
from faststream_otel._middleware import TelemetryMiddleware

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from faststream_otel._destination import Attributes
    from faststream_otel._messages import Source

__all__ = ("KafkaTelemetryMiddleware",)


class KafkaMessages(
    BaseKafkaMessages["ConsumerRecord[Any, Any]", KafkaPublishCommand],
):
    """Describes what a Kafka broker sends and handles."""

    package = "kafka"
    sends_empty_tombstones = False

    def answered(self, answer: Any) -> Attributes:
        """Give the position of the record."""
        # With `no_confirm` it is a future.
        if not isinstance(answer, RecordMetadata):
            return {}
        return {
            conventions.DESTINATION_PARTITION_ID: str(answer.partition),
            conventions.KAFKA_OFFSET: answer.offset,
        }

    def received(
        self,
        message: ConsumerRecord[Any, Any]
        | list[ConsumerRecord[Any, Any]]
        | tuple[ConsumerRecord[Any, Any], ...],
        subscriber: Any,
    ) -> ReceivedMessage | list[ReceivedMessage]:
        """Describe a record, or a batch of them."""
        source = self.sources.get(id(subscriber)) or self.source(subscriber)
        if isinstance(message, (list, tuple)):
            return [self._describe(record, source, subscriber) for record in message]
        described = self._describe(message, source, subscriber)
        # FastStream's id of a record.
        message_id = f"{message.offset}-{message.timestamp}"
        described.attributes[conventions.MESSAGE_ID] = message_id
        return described

    def _describe(
        self, record: ConsumerRecord[Any, Any], source: Source, subscriber: Any
    ) -> ReceivedMessage:
        topic = record.topic
        destination = source.destinations.get(topic)
        if destination is None:
            pattern = getattr(subscriber, "pattern", None)
            destination = source.destinations[topic] = self.destination(
                topic,
                source.attributes,
                template=pattern.template if pattern else None,
            )
        attributes: Attributes = {
            conventions.DESTINATION_PARTITION_ID: str(record.partition),
            conventions.KAFKA_OFFSET: record.offset,
        }
        if record.value is None:
            attributes[conventions.KAFKA_MESSAGE_TOMBSTONE] = True
        headers = describe_record(attributes, record.key, record.headers)
        sent = None
        if self.wants_time and record.timestamp > 0:
            sent = record.timestamp * 1_000_000
        return ReceivedMessage(destination, attributes, headers, sent)


class KafkaTelemetryMiddleware(
    TelemetryMiddleware["ConsumerRecord[Any, Any]", KafkaPublishCommand],
):
    """Traces what a Kafka broker sends and handles.

    Give each broker its own instance:
    `KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])`.
    The spans follow OpenTelemetry's conventions for Kafka.
    """

    messages_type = KafkaMessages
