"""Telemetry for `faststream.redis`: channels, lists and streams."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from faststream.redis.message import bDATA_KEY
from faststream.redis.parser import BinaryMessageFormatV1
from faststream.redis.response import RedisPublishCommand
from faststream.response import PublishType

from faststream_otel import _conventions as conventions
from faststream_otel._description import Destination, Incoming, Outgoing
from faststream_otel._faststream import connection_option, current_subscriber
from faststream_otel._middleware import TelemetryMiddleware, remember

if TYPE_CHECKING:
    from collections.abc import Mapping

    from faststream import StreamMessage
    from faststream.redis.parser import MessageFormat

    from faststream_otel._conventions import Operation
    from faststream_otel._description import Attributes
    from faststream_otel._faststream import Broker

_NUID = re.compile("[0-9A-Za-z]{22}")

__all__ = ("RedisTelemetryMiddleware",)


class RedisTelemetryMiddleware(
    TelemetryMiddleware["Mapping[str, Any]", RedisPublishCommand],
):
    """Traces what a Redis broker sends and handles.

    Give one instance to each broker:
    `RedisBroker(middlewares=[RedisTelemetryMiddleware()])`.
    Context travels in the envelope that FastStream puts around a message. The group
    of a stream is the consumer group.
    """

    _system = "redis"
    _default_port = 6379
    _sends_batches = True

    def _subscriber_facts(self, subscriber: Any) -> Attributes:
        group = _group(subscriber)
        return {conventions.CONSUMER_GROUP_NAME: group} if group else {}

    def _describe_command(self, cmd: RedisPublishCommand) -> Outgoing:
        name = cmd.destination
        inbox = cmd.publish_type is PublishType.REPLY and _is_inbox(name)
        destination = self._destinations.get((name, inbox))
        if destination is None:
            destination = Destination(name, self._common, temporary=inbox)
            remember(self._destinations, (name, inbox), destination)
        attributes: Attributes = {}
        if cmd.correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = cmd.correlation_id
        return Outgoing(destination, attributes)

    def _describe_message(
        self, message: Mapping[str, Any], subscriber: Any
    ) -> Incoming | list[Incoming]:
        source = self._source(subscriber)
        name = message["channel"]
        if isinstance(name, bytes):
            name = name.decode()  # The answer to a request comes as it was received.
        destination = source.destinations.get(name)
        if destination is None:
            # Only a channel can be subscribed to by a pattern.
            pattern = message.get("pattern") if subscriber else None
            destination = Destination(
                name,
                source.attributes,
                template=subscriber.channel.address.template if pattern else None,
                temporary=subscriber is None and _is_inbox(name),
            )
            remember(source.destinations, name, destination)
        envelope = _envelope(subscriber)
        data = message["data"]
        entries = (
            message.get("message_ids", ()) if self._metrics.records_queue_time else ()
        )
        sent = [_sent(entry) for entry in entries]
        if isinstance(data, list):
            when = sent if len(sent) == len(data) else [None] * len(data)
            return [
                Incoming(destination, {}, _open(one, envelope)[1], at)
                for one, at in zip(data, when, strict=True)
            ]
        return Incoming(
            destination, {}, _open(data, envelope)[1], sent[0] if sent else None
        )

    def _broker_facts(self, broker: Broker) -> Attributes:
        name = connection_option(broker, "client_name")
        return {conventions.CLIENT_ID: name} if isinstance(name, str) and name else {}

    def _describe_answer(self, answer: Any) -> Attributes:
        # A stream answers with the id of the entry; others with a number.
        if not isinstance(answer, bytes):
            return {}
        return {conventions.MESSAGE_ID: answer.decode()}

    def _message_id(self, message: StreamMessage[Any]) -> str:
        entries = message.raw_message.get("message_ids")
        return entries[0].decode() if entries else message.message_id

    def _body_size(self, message: StreamMessage[Any]) -> int:
        data = message.raw_message["data"]
        if not isinstance(data, list):
            return super()._body_size(message)
        # FastStream makes one body of a batch, larger than those of its messages.
        envelope = _envelope(current_subscriber())
        return sum(len(_open(one, envelope)[0]) for one in data)

    def _settles(self, message: StreamMessage[Any], operation: Operation) -> bool:
        # Only the group of a stream is told, and only of what was handled.
        return (
            message.committed is None
            and operation is conventions.ACK
            and _group(current_subscriber()) is not None
        )


def _is_inbox(channel: str) -> bool:
    # FastStream makes up such a name for the answer to a request: a NUID.
    return _NUID.fullmatch(channel) is not None


def _sent(entry: bytes) -> int | None:
    # The id of a stream's entry begins with the milliseconds at which it was added.
    milliseconds, _, _ = entry.partition(b"-")
    return int(milliseconds) * 1_000_000 if milliseconds.isdigit() else None


def _group(subscriber: object) -> str | None:
    return getattr(getattr(subscriber, "stream_sub", None), "group", None)


def _envelope(subscriber: Any) -> type[MessageFormat]:
    """Give the format in which a subscriber's messages carry their headers."""
    if subscriber is None:
        return BinaryMessageFormatV1
    envelope: type[MessageFormat] = subscriber.config.message_format
    return envelope


def _open(data: Any, envelope: type[MessageFormat]) -> tuple[bytes, Mapping[str, Any]]:
    """Give the body and headers of a message, which need not be FastStream's."""
    if isinstance(data, dict):
        # A stream's entry.
        data = data.get(bDATA_KEY)
    if not isinstance(data, bytes):
        return b"", {}
    try:
        return envelope.parse(data)
    except Exception:
        # FastStream will say so when it parses the message, inside its span.
        return b"", {}
