"""Telemetry for `faststream.mqtt`, protocol version 5."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from faststream.mqtt.response import MQTTPublishCommand

from faststream_otel import _conventions as conventions
from faststream_otel._faststream import connection_option
from faststream_otel._headers import collected
from faststream_otel._messages import Messages, ReceivedMessage
from faststream_otel._middleware import TelemetryMiddleware

if TYPE_CHECKING:
    from faststream import StreamMessage
    from zmqtt import Message

    from faststream_otel._conventions import Operation
    from faststream_otel._destination import Attributes, Destination
    from faststream_otel._faststream import Broker

_logger = logging.getLogger("faststream_otel")

__all__ = ("MQTTTelemetryMiddleware",)


class MQTTMessages(Messages["Message", MQTTPublishCommand]):
    """Describes what an MQTT broker sends and handles."""

    package = "mqtt"
    system = "mqtt"
    default_port = 1883

    def bind(self, broker: Broker) -> None:
        """Learn which broker is served, when it connects."""
        super().bind(broker)
        version = getattr(broker.config, "version", None)
        if version == "3.1.1" and self.carries_context:
            self.carries_context = False
            _logger.warning(
                "MQTT 3.1.1 has no user properties: spans are recorded, but no "
                "context is sent, so each message starts a trace. MQTT 5 has them: "
                'MQTTBroker(version="5.0").'
            )

    def broker_facts(self, broker: Broker) -> Attributes:
        """Give the client's id."""
        # Left out, the server makes one up.
        name = connection_option(broker, "client_id")
        return {conventions.CLIENT_ID: name} if isinstance(name, str) and name else {}

    def subscriber_facts(self, subscriber: Any) -> Attributes:
        """Give the group of a shared subscription."""
        topic: str = subscriber.topic
        if not topic.startswith("$share/"):
            return {}
        return {conventions.CONSUMER_GROUP_NAME: topic.split("/", 2)[1]}

    def sent(self, cmd: MQTTPublishCommand) -> tuple[Destination, Attributes]:
        """Describe a command."""
        topic = cmd.destination
        destination = self.destinations.get(topic)
        if destination is None:
            destination = self.destinations[topic] = self.destination(
                topic, temporary=_is_inbox(topic)
            )
        attributes: Attributes = {}
        if cmd.correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = str(cmd.correlation_id)
        return destination, attributes

    def received(self, message: Message, subscriber: Any) -> ReceivedMessage:
        """Describe a message."""
        source = self.sources.get(id(subscriber)) or self.source(subscriber)
        topic = message.topic
        destination = source.destinations.get(topic)
        if destination is None:
            destination = source.destinations[topic] = self.destination(
                topic,
                source.attributes,
                template=subscriber.address.template if subscriber else None,
                temporary=_is_inbox(topic),
            )
        properties = message.properties
        if properties is None:
            return ReceivedMessage(destination, {}, {})
        attributes: Attributes = {}
        correlation = properties.correlation_data
        if correlation is not None:
            identifier = correlation.decode(errors="replace")
            attributes[conventions.MESSAGE_CONVERSATION_ID] = identifier
            if identifier:
                # MQTT has no id of a message: FastStream takes this one.
                attributes[conventions.MESSAGE_ID] = identifier
        headers: dict[str, Any] = dict(properties.user_properties)
        if len(headers) < len(properties.user_properties):
            headers = collected(properties.user_properties)
        return ReceivedMessage(destination, attributes, headers)

    def settles(self, message: StreamMessage[Any], operation: Operation) -> bool:
        """Whether the broker is told when `message` is settled in this way."""
        # Only QoS 1 and 2 are acknowledged, and MQTT has no negative acknowledgement.
        return (
            message.committed is None
            and message.raw_message.qos > 0
            and operation is not conventions.NACK
        )


class MQTTTelemetryMiddleware(TelemetryMiddleware["Message", MQTTPublishCommand]):
    """Traces what an MQTT broker sends and handles.

    Give each broker its own instance:
    `MQTTBroker(middlewares=[MQTTTelemetryMiddleware()])`.
    Context travels in user properties, which MQTT has had since version 5.
    The group of a shared subscription is recorded as the consumer group.
    """

    messages_type = MQTTMessages


def _is_inbox(topic: str) -> bool:
    # The client makes up such a topic for the answer to a request.
    return topic.startswith("_zmqtt/reply/")
