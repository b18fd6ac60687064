"""What is equal for both Kafka clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faststream_otel import _conventions as conventions
from faststream_otel._description import Destination, Outgoing
from faststream_otel._middleware import (
    CommandT,
    MessageT,
    TelemetryMiddleware,
    remember,
)

if TYPE_CHECKING:
    from faststream_otel._description import Attributes
    from faststream_otel._faststream import Broker


class BaseKafkaTelemetryMiddleware(TelemetryMiddleware[MessageT, CommandT]):
    """Traces what a Kafka broker sends and handles, with either client."""

    _system = "kafka"
    _default_port = 9092
    _sends_batches = True
    _takes_headers_of_each = True

    def _broker_facts(self, broker: Broker) -> Attributes:
        client_id = getattr(broker.config, "client_id", None)
        return {conventions.CLIENT_ID: client_id} if client_id else {}

    def _subscriber_facts(self, subscriber: Any) -> Attributes:
        group = subscriber.group_id
        return {conventions.CONSUMER_GROUP_NAME: group} if group else {}

    def _describe_command(self, cmd: Any) -> Outgoing:
        topic = cmd.destination
        destination = self._destinations.get(topic)
        if destination is None:
            destination = Destination(topic, self._common)
            remember(self._destinations, topic, destination)
        attributes: Attributes = {}
        if cmd.correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = cmd.correlation_id
        if cmd.partition is not None:
            attributes[conventions.DESTINATION_PARTITION_ID] = str(cmd.partition)
        add_key(attributes, cmd.key)
        if self._is_tombstone(cmd.body, cmd.key):
            attributes[conventions.KAFKA_MESSAGE_TOMBSTONE] = True
        return Outgoing(destination, attributes)

    def _is_tombstone(self, body: object, key: object) -> bool:
        return body is None

    def _describe_each(self, cmd: Any, index: int) -> Attributes:
        attributes: Attributes = {}
        add_key(attributes, cmd.key_for(index))
        return attributes


def add_key(attributes: Attributes, key: object) -> None:
    """Add a message key that has an unambiguous text form, as the conventions ask."""
    if isinstance(key, (bytes, bytearray)):
        try:
            key = key.decode()
        except UnicodeDecodeError:
            return
    if isinstance(key, (str, int)) and key != "":
        attributes[conventions.KAFKA_MESSAGE_KEY] = str(key)
