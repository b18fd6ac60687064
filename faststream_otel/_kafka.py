"""What is equal for both Kafka clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from faststream_otel import _conventions as conventions
from faststream_otel._headers import collected
from faststream_otel._messages import CommandT, Messages, MessageT

if TYPE_CHECKING:
    from faststream_otel._destination import Attributes, Destination
    from faststream_otel._faststream import Broker


class BaseKafkaMessages(Messages[MessageT, CommandT]):
    """Describes what a Kafka broker sends and handles, with either client."""

    system = "kafka"
    default_port = 9092
    sends_batches = True
    takes_headers_of_each = True
    # Whether a record without body and key has no value; else it has an empty one.
    sends_empty_tombstones: ClassVar[bool] = True

    def broker_facts(self, broker: Broker) -> Attributes:
        """Give the client's id."""
        client_id = getattr(broker.config, "client_id", None)
        return {conventions.CLIENT_ID: client_id} if client_id else {}

    def subscriber_facts(self, subscriber: Any) -> Attributes:
        """Give the consumer group."""
        group = subscriber.group_id
        return {conventions.CONSUMER_GROUP_NAME: group} if group else {}

    def sent(self, cmd: Any) -> tuple[Destination, Attributes]:
        """Describe a command."""
        topic = cmd.destination
        destination = self.destinations.get(topic)
        if destination is None:
            destination = self.destinations[topic] = self.destination(topic)
        attributes: Attributes = {}
        if cmd.correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = str(cmd.correlation_id)
        if cmd.partition is not None:
            attributes[conventions.DESTINATION_PARTITION_ID] = str(cmd.partition)
        if cmd.key is not None:
            add_key(attributes, cmd.key)
        if cmd.body is None and (cmd.key is not None or self.sends_empty_tombstones):
            attributes[conventions.KAFKA_MESSAGE_TOMBSTONE] = True
        return destination, attributes

    def of_each(self, cmd: Any, index: int) -> Attributes:
        """Give the key of one message of a batch."""
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


def describe_record(attributes: Attributes, key: object, pairs: Any) -> dict[str, Any]:
    """Add the ids of a received record, and give its headers.

    Args:
        attributes: Those of the record, which are added to.
        key: The record's key.
        pairs: Its headers as the client has them.

    Returns:
        The headers, with a list where one stands there several times.
    """
    if key is not None and key != b"":
        add_key(attributes, key)
    pairs = pairs or ()
    headers = dict(pairs)
    if len(headers) < len(pairs):
        headers = collected(pairs)
    correlation_id = headers.get("correlation_id")
    if isinstance(correlation_id, bytes):
        correlation_id = correlation_id.decode(errors="replace")
    if correlation_id and isinstance(correlation_id, str):
        attributes[conventions.MESSAGE_CONVERSATION_ID] = correlation_id
    return headers
