"""Telemetry for `faststream.rabbit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from aio_pika import IncomingMessage, Message
from faststream.rabbit.response import RabbitPublishCommand

from faststream_otel import _conventions as conventions
from faststream_otel._destination import template_of
from faststream_otel._faststream import connection_option, prefix
from faststream_otel._messages import Messages, ReceivedMessage
from faststream_otel._middleware import TelemetryMiddleware
from faststream_otel._text import bounded

if TYPE_CHECKING:
    from faststream_otel._destination import Attributes, Destination
    from faststream_otel._faststream import Broker

__all__ = ("RabbitTelemetryMiddleware",)


class RabbitMessages(Messages["IncomingMessage", RabbitPublishCommand]):
    """Describes what a RabbitMQ broker sends and handles."""

    package = "rabbit"
    system = "rabbitmq"
    default_port = 5672
    sent_as_they_are = frozenset({Message, IncomingMessage})

    def broker_facts(self, broker: Broker) -> Attributes:
        """Give the name of the connection."""
        # The client takes it from the URL.
        query = parse_qs(urlsplit(str(connection_option(broker, "url"))).query)
        name = query.get("name")
        return {conventions.CLIENT_ID: name[0]} if name else {}

    def sent(self, cmd: RabbitPublishCommand) -> tuple[Destination, Attributes]:
        """Describe a command."""
        exchange, routing_key = cmd.exchange.name, cmd.destination
        destination = self.destinations.get((exchange, routing_key))
        if destination is None:
            destination = self.destinations[exchange, routing_key] = self.destination(
                _name(exchange, routing_key),
                {**self.common, **_routing_key(routing_key)},
                template=self._template(exchange, routing_key),
                temporary=_is_temporary(routing_key),
                anonymous=_is_anonymous(routing_key),
            )
        attributes: Attributes = {}
        correlation_id = cmd.correlation_id
        message_id = cmd.message_options.get("message_id")
        if isinstance(cmd.body, Message):
            # It is sent as it is, without what the command has.
            correlation_id = cmd.body.correlation_id
            message_id = cmd.body.message_id
        if correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = str(correlation_id)
        if message_id:
            attributes[conventions.MESSAGE_ID] = str(message_id)
        return destination, attributes

    def received(self, message: IncomingMessage, subscriber: Any) -> ReceivedMessage:
        """Describe a message."""
        source = self.sources.get(id(subscriber)) or self.source(subscriber)
        routing_key = message.routing_key or ""
        exchange = message.exchange or ""
        destination = source.destinations.get((exchange, routing_key))
        if destination is None:
            queue, declared = _declared(subscriber, routing_key)
            # What the queue was bound with stands for many routing keys.
            template = _name(exchange, declared, queue) if exchange else None
            destination = source.destinations[exchange, routing_key] = self.destination(
                _name(exchange, routing_key, queue),
                {**source.attributes, **_routing_key(routing_key)},
                template=self._template(exchange, routing_key, queue) or template,
                temporary=_is_temporary(routing_key),
                anonymous=_is_anonymous(queue or routing_key),
            )
        attributes: Attributes = {}
        if message.delivery_tag is not None:
            attributes[conventions.RABBITMQ_DELIVERY_TAG] = message.delivery_tag
        if message.correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = message.correlation_id
        if message.message_id:
            attributes[conventions.MESSAGE_ID] = message.message_id
        sent = _sent(message) if self.wants_time else None
        return ReceivedMessage(destination, attributes, message.headers, sent)

    def size_unencoded(self, body: Any) -> int | None:
        """Give the size in bytes of a message of the client's own."""
        if isinstance(body, Message):
            return len(body.body)
        return super().size_unencoded(body)

    def _template(self, exchange: str, routing_key: str, queue: str = "") -> str | None:
        """Give the option's template for a routing key alone, in the whole name."""
        template = template_of(self.templates, routing_key)
        return None if template is None else _name(exchange, template, queue)


class RabbitTelemetryMiddleware(
    TelemetryMiddleware["IncomingMessage", RabbitPublishCommand],
):
    """Traces what a RabbitMQ broker sends and handles.

    Give each broker its own instance:
    `RabbitBroker(middlewares=[RabbitTelemetryMiddleware()])`.
    The spans follow OpenTelemetry's conventions for RabbitMQ: a destination is called
    `exchange:routing key` when sending, and `exchange:routing key:queue` when
    processing. Empty parts are left out, and so is the queue if it has the same name
    as the routing key.
    """

    messages_type = RabbitMessages


def _declared(subscriber: Any, routing_key: str) -> tuple[str, str]:
    """Give a subscriber's queue, and the routing key that it was bound with."""
    if subscriber is None:
        return "", routing_key
    before, queue = prefix(subscriber), subscriber.queue
    return f"{before}{queue.name}", f"{before}{queue.routing_template()}"


def _name(exchange: str, routing_key: str, queue: str = "") -> str:
    # The queue is left out where it is called like its routing key.
    parts = (exchange, routing_key, "" if queue == routing_key else queue)
    return ":".join(filter(None, parts)) or "amq.default"


def _sent(message: IncomingMessage) -> int | None:
    # What FastStream's publisher says, in whole seconds: AMQP has no more.
    timestamp = message.timestamp
    return int(timestamp.timestamp()) * 1_000_000_000 if timestamp else None


def _routing_key(routing_key: str) -> Attributes:
    if not routing_key:
        return {}
    return {conventions.RABBITMQ_ROUTING_KEY: bounded(routing_key)}


def _is_temporary(name: str) -> bool:
    # RabbitMQ's direct reply-to: a queue that lives as long as the request.
    return name.startswith("amq.rabbitmq.reply-to")


def _is_anonymous(name: str) -> bool:
    # The broker makes up such a name for a queue that was declared without one.
    return name.startswith("amq.gen-")
