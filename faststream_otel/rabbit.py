"""Telemetry for `faststream.rabbit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from faststream.rabbit.response import RabbitPublishCommand

from faststream_otel import _conventions as conventions
from faststream_otel._description import Destination, Incoming, Outgoing
from faststream_otel._faststream import connection_option, prefix
from faststream_otel._middleware import TelemetryMiddleware, remember

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aio_pika import IncomingMessage

    from faststream_otel._description import Attributes
    from faststream_otel._faststream import Broker

__all__ = ("RabbitTelemetryMiddleware",)


class RabbitTelemetryMiddleware(
    TelemetryMiddleware["IncomingMessage", RabbitPublishCommand],
):
    """Traces what a RabbitMQ broker sends and handles.

    Give one instance to each broker:
    `RabbitBroker(middlewares=[RabbitTelemetryMiddleware()])`.
    The spans follow OpenTelemetry's conventions for RabbitMQ: a destination is called
    `exchange:routing key` when sending, and `exchange:routing key:queue` when
    processing, without the parts that are empty or repeat the one before.
    """

    _system = "rabbitmq"
    _default_port = 5672

    def _broker_facts(self, broker: Broker) -> Attributes:
        # The client takes the connection's name from the URL.
        query = parse_qs(urlsplit(str(connection_option(broker, "url"))).query)
        name = query.get("name")
        return {conventions.CLIENT_ID: name[0]} if name else {}

    def _describe_command(self, cmd: RabbitPublishCommand) -> Outgoing:
        exchange, routing_key = cmd.exchange.name, cmd.destination
        destination = self._destinations.get((exchange, routing_key))
        if destination is None:
            destination = Destination(
                _name(exchange, routing_key),
                {**self._common, **_routing_key(routing_key)},
                temporary=_is_temporary(routing_key),
                anonymous=_is_anonymous(routing_key),
            )
            remember(self._destinations, (exchange, routing_key), destination)
        attributes: Attributes = {}
        if cmd.correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = cmd.correlation_id
        message_id = cmd.message_options.get("message_id")
        if message_id:
            attributes[conventions.MESSAGE_ID] = message_id
        return Outgoing(destination, attributes)

    def _describe_message(self, message: IncomingMessage, subscriber: Any) -> Incoming:
        source = self._source(subscriber)
        routing_key = message.routing_key or ""
        exchange = message.exchange or ""
        destination = source.destinations.get((exchange, routing_key))
        if destination is None:
            queue, declared = _declared(subscriber, routing_key)
            name = _name(exchange, routing_key, queue)
            # What the queue was bound with stands for many routing keys.
            template = _name(exchange, declared, queue) if exchange else name
            destination = Destination(
                name,
                {**source.attributes, **_routing_key(routing_key)},
                template=template if template != name else None,
                temporary=_is_temporary(routing_key),
                anonymous=_is_anonymous(queue or routing_key),
            )
            remember(source.destinations, (exchange, routing_key), destination)
        attributes: Attributes = {}
        if message.delivery_tag is not None:
            attributes[conventions.RABBITMQ_DELIVERY_TAG] = message.delivery_tag
        # What FastStream's publisher says, in whole seconds: AMQP has no more.
        timestamp = message.timestamp
        sent = int(timestamp.timestamp()) * 1_000_000_000 if timestamp else None
        return Incoming(destination, attributes, message.headers, sent)


def _declared(subscriber: Any, routing_key: str) -> tuple[str, str]:
    """Give a subscriber's queue, and the routing key that it was bound with."""
    if subscriber is None:
        return "", routing_key
    before, queue = prefix(subscriber), subscriber.queue
    return f"{before}{queue.name}", f"{before}{queue.routing_template()}"


def _name(*parts: str) -> str:
    return ":".join(_without_repetition(parts)) or "amq.default"


def _without_repetition(parts: Iterable[str]) -> Iterable[str]:
    before = ""
    for part in parts:
        if part and part != before:
            yield part
        before = part


def _routing_key(routing_key: str) -> Attributes:
    return {conventions.RABBITMQ_ROUTING_KEY: routing_key} if routing_key else {}


def _is_temporary(name: str) -> bool:
    # RabbitMQ's direct reply-to: a queue that lives as long as the request.
    return name.startswith("amq.rabbitmq.reply-to")


def _is_anonymous(name: str) -> bool:
    # The broker makes up such a name for a queue that was declared without one.
    return name.startswith("amq.gen-")
