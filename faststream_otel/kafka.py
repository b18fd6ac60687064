"""Telemetry for `faststream.kafka`, the broker that uses aiokafka."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiokafka.structs import RecordMetadata
from faststream.kafka.response import KafkaPublishCommand

from faststream_otel import _conventions as conventions
from faststream_otel._description import Destination, Incoming
from faststream_otel._kafka import BaseKafkaTelemetryMiddleware, add_key
from faststream_otel._middleware import remember

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from faststream_otel._description import Attributes
    from faststream_otel._middleware import Source

__all__ = ("KafkaTelemetryMiddleware",)


class KafkaTelemetryMiddleware(
    BaseKafkaTelemetryMiddleware["ConsumerRecord[Any, Any]", KafkaPublishCommand],
):
    """Traces what a Kafka broker sends and handles.

    Give one instance to each broker:
    `KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])`.
    The spans follow OpenTelemetry's conventions for Kafka.
    """

    def _is_tombstone(self, body: object, key: object) -> bool:
        # FastStream sends an empty body where there is neither body nor key.
        return body is None and key is not None

    def _describe_answer(self, answer: Any) -> Attributes:
        # With `no_confirm` it is a future.
        if not isinstance(answer, RecordMetadata):
            return {}
        return {
            conventions.DESTINATION_PARTITION_ID: str(answer.partition),
            conventions.KAFKA_OFFSET: answer.offset,
        }

    def _describe_message(
        self,
        message: ConsumerRecord[Any, Any] | Sequence[ConsumerRecord[Any, Any]],
        subscriber: Any,
    ) -> Incoming | list[Incoming]:
        source = self._source(subscriber)
        pattern = getattr(subscriber, "pattern", None)
        declared = pattern.template if pattern else None
        if isinstance(message, Sequence):
            return [_describe(record, source, declared) for record in message]
        return _describe(message, source, declared)


def _describe(
    record: ConsumerRecord[Any, Any], source: Source, declared: str | None
) -> Incoming:
    topic = record.topic
    destination = source.destinations.get(topic)
    if destination is None:
        destination = Destination(topic, source.attributes, template=declared)
        remember(source.destinations, topic, destination)
    attributes: Attributes = {
        conventions.DESTINATION_PARTITION_ID: str(record.partition),
        conventions.KAFKA_OFFSET: record.offset,
    }
    add_key(attributes, record.key)
    if record.value is None:
        attributes[conventions.KAFKA_MESSAGE_TOMBSTONE] = True
    # Of a header that stands there twice, the last counts, as in other languages.
    headers = dict(record.headers)
    sent = record.timestamp * 1_000_000 if record.timestamp > 0 else None
    return Incoming(destination, attributes, headers, sent)
