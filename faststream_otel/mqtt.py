"""Telemetry for `faststream.mqtt`, protocol version 5."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from faststream.mqtt.response import MQTTPublishCommand

from faststream_otel import _conventions as conventions
from faststream_otel._description import Destination, Incoming, Outgoing
from faststream_otel._faststream import connection_option
from faststream_otel._middleware import TelemetryMiddleware, remember

if TYPE_CHECKING:
    from faststream import StreamMessage
    from zmqtt import Message

    from faststream_otel._conventions import Operation
    from faststream_otel._description import Attributes
    from faststream_otel._faststream import Broker

_logger = logging.getLogger("faststream_otel")

__all__ = ("MQTTTelemetryMiddleware",)


class MQTTTelemetryMiddleware(TelemetryMiddleware["Message", MQTTPublishCommand]):
    """Traces what an MQTT broker sends and handles.

    Give one instance to each broker:
    `MQTTBroker(middlewares=[MQTTTelemetryMiddleware()])`.
    Context travels in user properties, which MQTT has since version 5.
    The group of a shared subscription is the consumer group.
    """

    _system = "mqtt"
    _default_port = 1883

    def _bind(self, broker: Broker) -> None:
        super()._bind(broker)
        version = getattr(broker.config, "version", None)
        if version == "3.1.1" and self._carries_context:
            self._carries_context = False
            _logger.warning(
                "MQTT 3.1.1 has no user properties: spans are recorded, but no "
                "context is sent, so each message starts a trace. MQTT 5 has them: "
                'MQTTBroker(version="5.0").'
            )

    def _broker_facts(self, broker: Broker) -> Attributes:
        # Left out, the server makes one up.
        name = connection_option(broker, "client_id")
        return {conventions.CLIENT_ID: name} if isinstance(name, str) and name else {}

    def _subscriber_facts(self, subscriber: Any) -> Attributes:
        topic: str = subscriber.topic
        if not topic.startswith("$share/"):
            return {}
        return {conventions.CONSUMER_GROUP_NAME: topic.split("/", 2)[1]}

    def _describe_command(self, cmd: MQTTPublishCommand) -> Outgoing:
        topic = cmd.destination
        destination = self._destinations.get(topic)
        if destination is None:
            destination = Destination(topic, self._common, temporary=_is_inbox(topic))
            remember(self._destinations, topic, destination)
        attributes: Attributes = {}
        if cmd.correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = cmd.correlation_id
        return Outgoing(destination, attributes)

    def _describe_message(self, message: Message, subscriber: Any) -> Incoming:
        source = self._source(subscriber)
        topic = message.topic
        destination = source.destinations.get(topic)
        if destination is None:
            declared = subscriber.address.template if subscriber else topic
            destination = remember(
                source.destinations,
                topic,
                Destination(
                    topic,
                    source.attributes,
                    template=declared if declared != topic else None,
                    temporary=_is_inbox(topic),
                ),
            )
        properties = message.properties
        headers = dict(properties.user_properties) if properties else {}
        return Incoming(destination, {}, headers)

    def _settles(self, message: StreamMessage[Any], operation: Operation) -> bool:
        # Only QoS 1 and 2 are acknowledged, and MQTT has no negative acknowledgement.
        return (
            message.committed is None
            and message.raw_message.qos > 0
            and operation is not conventions.NACK
        )


def _is_inbox(topic: str) -> bool:
    # The client makes up such a topic for the answer to a request.
    return topic.startswith("_zmqtt/reply/")
