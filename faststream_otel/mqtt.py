"""Telemetry for `faststream.mqtt`, protocol version 5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faststream.mqtt.response import MQTTPublishCommand

from faststream_otel import _conventions as conventions
from faststream_otel._description import Destination, Incoming, Outgoing
from faststream_otel._middleware import TelemetryMiddleware, remember

if TYPE_CHECKING:
    from zmqtt import Message

    from faststream_otel._description import Attributes

__all__ = ("MQTTTelemetryMiddleware",)


class MQTTTelemetryMiddleware(TelemetryMiddleware["Message", MQTTPublishCommand]):
    """Traces what an MQTT broker sends and handles.

    Give one instance to each broker:
    `MQTTBroker(middlewares=[MQTTTelemetryMiddleware()])`.
    Context travels in user properties, which MQTT has since version 5.
    The group of a shared subscription is the consumer group.

    Args:
        tracer_provider: Where spans go. The global provider if left out, even if
            that is set later.
    """

    _system = "mqtt"
    _default_port = 1883

    def _subscriber_facts(self, subscriber: Any) -> Attributes:
        topic: str = subscriber.topic
        if not topic.startswith("$share/"):
            return {}
        return {conventions.CONSUMER_GROUP_NAME: topic.split("/", 2)[1]}

    def _describe_command(self, cmd: MQTTPublishCommand) -> Outgoing:
        topic = cmd.destination
        destination = self._destinations.get(topic)
        if destination is None:
            destination = Destination(topic, self._common)
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
            declared = subscriber.address.template
            destination = remember(
                source.destinations,
                topic,
                Destination(
                    topic,
                    source.attributes,
                    template=declared if declared != topic else None,
                ),
            )
        properties = message.properties
        headers = dict(properties.user_properties) if properties else {}
        return Incoming(destination, {}, headers)
