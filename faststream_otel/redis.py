"""Telemetry for `faststream.redis`: channels, lists and streams."""

from __future__ import annotations

import re
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from faststream.redis.message import bDATA_KEY
from faststream.redis.parser import BinaryMessageFormatV1
from faststream.redis.response import RedisPublishCommand
from faststream.response import PublishType

from faststream_otel import _conventions as conventions
from faststream_otel._delivery import current_subscriber
from faststream_otel._faststream import connection_option
from faststream_otel._messages import Messages, ReceivedMessage
from faststream_otel._middleware import TelemetryMiddleware

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from faststream import StreamMessage
    from faststream.redis.parser import MessageFormat

    from faststream_otel._conventions import Operation
    from faststream_otel._destination import Attributes, Destination
    from faststream_otel._faststream import Broker

_NUID: Final = re.compile("[0-9A-Za-z]{22}")
# In milliseconds since the epoch. Redis has had streams since 2018.
_FIRST_OF_2010: Final = 1_262_304_000_000

# What FastStream's binary format begins with: a mark, its version, and where the
# headers and the body begin. All lengths are two bytes long.
_OPENING: Final = Struct(">8sHII").unpack_from
_LENGTH: Final = Struct(">H").unpack_from

__all__ = ("RedisTelemetryMiddleware",)


class RedisMessages(Messages["Mapping[str, Any]", RedisPublishCommand]):
    """Describes what a Redis broker sends and handles."""

    package = "redis"
    system = "redis"
    default_port = 6379
    sends_batches = True

    # Those in which fetched messages may carry their headers.
    _formats: tuple[type[MessageFormat], ...] = (BinaryMessageFormatV1,)

    def broker_facts(self, broker: Broker) -> Attributes:
        """Give the client's name."""
        name = connection_option(broker, "client_name")
        return {conventions.CLIENT_ID: name} if isinstance(name, str) and name else {}

    def bind(self, broker: Broker) -> None:
        """Learn which broker is served, when it connects."""
        super().bind(broker)
        # A middleware is not told which subscriber fetched a message.
        holders: tuple[Any, ...] = (broker, *broker.subscribers)
        formats = (getattr(each.config, "message_format", None) for each in holders)
        self._formats = tuple(dict.fromkeys((*filter(None, formats), *self._formats)))

    def subscriber_facts(self, subscriber: Any) -> Attributes:
        """Give the group of a stream."""
        group = _group(subscriber)
        return {conventions.CONSUMER_GROUP_NAME: group} if group else {}

    def sent(self, cmd: RedisPublishCommand) -> tuple[Destination, Attributes]:
        """Describe a command."""
        name = cmd.destination
        inbox = cmd.publish_type is PublishType.REPLY and _is_inbox(name)
        destination = self.destinations.get((name, inbox))
        if destination is None:
            destination = self.destinations[name, inbox] = self.destination(
                name, temporary=inbox
            )
        attributes: Attributes = {}
        if cmd.correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = str(cmd.correlation_id)
        return destination, attributes

    def received(
        self, message: Mapping[str, Any], subscriber: Any
    ) -> ReceivedMessage | list[ReceivedMessage]:
        """Describe a message, or those that were read together."""
        source = self.sources.get(id(subscriber)) or self.source(subscriber)
        name = message["channel"]
        if isinstance(name, bytes):
            # The answer to a request comes as it was received.
            name = name.decode(errors="replace")
        destination = source.destinations.get(name)
        if destination is None:
            # Only a channel can be subscribed to by a pattern.
            pattern = message.get("pattern") if subscriber else None
            destination = source.destinations[name] = self.destination(
                name,
                source.attributes,
                template=subscriber.channel.address.template if pattern else None,
                temporary=subscriber is None and _is_inbox(name),
            )
        formats = source.formats
        if not formats:
            known = (subscriber.config.message_format,) if subscriber else self._formats
            formats = source.formats = known
        data = message["data"]
        entries = message.get("message_ids", ()) if self.wants_time else ()
        if not isinstance(data, list):
            at = _sent(entries[0]) if entries else None
            return _describe(destination, data, formats, at)
        sent = [_sent(entry) for entry in entries]
        when = sent if len(sent) == len(data) else [None] * len(data)
        return [
            _describe(destination, one, formats, at)
            for one, at in zip(data, when, strict=True)
        ]

    def answered(self, answer: Any) -> Attributes:
        """Give the id of the entry that was added to a stream."""
        # Other answers are numbers.
        if not isinstance(answer, bytes):
            return {}
        return {conventions.MESSAGE_ID: answer.decode()}

    def message_id(self, message: StreamMessage[Any]) -> str:
        """Give the id of a stream's entry, or FastStream's id."""
        entries = message.raw_message.get("message_ids")
        return entries[0].decode() if entries else message.message_id

    def settles(self, message: StreamMessage[Any], operation: Operation) -> bool:
        """Whether the broker is told when `message` is settled in this way."""
        # Only the group of a stream is told, and only of what was handled.
        return (
            message.committed is None
            and operation is conventions.ACK
            and _group(current_subscriber()) is not None
        )


class RedisTelemetryMiddleware(
    TelemetryMiddleware["Mapping[str, Any]", RedisPublishCommand],
):
    """Traces what a Redis broker sends and handles.

    Give each broker its own instance:
    `RedisBroker(middlewares=[RedisTelemetryMiddleware()])`.
    Context travels in the envelope that FastStream puts around a message. The group
    of a stream is recorded as the consumer group.
    """

    messages_type = RedisMessages


def _is_inbox(channel: str) -> bool:
    # FastStream makes up such a name for the answer to a request: a NUID.
    return _NUID.fullmatch(channel) is not None


def _sent(entry: bytes) -> int | None:
    # The id of a stream's entry begins with the milliseconds at which it was added.
    # One that the producer made up may begin with anything.
    milliseconds, _, _ = entry.partition(b"-")
    if not milliseconds.isdigit() or int(milliseconds) < _FIRST_OF_2010:
        return None
    return int(milliseconds) * 1_000_000


def _group(subscriber: object) -> str | None:
    return getattr(getattr(subscriber, "stream_sub", None), "group", None)


def _describe(
    destination: Destination,
    data: Any,
    formats: Iterable[type[MessageFormat]],
    sent: int | None,
) -> ReceivedMessage:
    headers = _headers(data, formats)
    attributes: Attributes = {}
    correlation_id = headers.get("correlation_id")
    if correlation_id:
        attributes[conventions.MESSAGE_CONVERSATION_ID] = str(correlation_id)
    return ReceivedMessage(destination, attributes, headers, sent)


def _headers(data: Any, formats: Iterable[type[MessageFormat]]) -> Mapping[str, Any]:
    """Give the headers of a message, which need not be FastStream's."""
    if isinstance(data, dict):
        # A stream's entry.
        data = data.get(bDATA_KEY)
    if not isinstance(data, bytes):
        return {}
    for each in formats:
        try:
            if each is BinaryMessageFormatV1:
                headers = _binary_headers(data)
            else:
                _, headers = each.parse(data)
        except Exception:  # noqa: S112
            # FastStream will say so when it parses the message, inside its span.
            continue
        if headers:
            return headers
    return {}


def _binary_headers(data: bytes) -> Mapping[str, Any]:
    """Give the headers of a message in FastStream's binary format, or an older one.

    FastStream parses the whole message once more, headers and body. Of what is in its
    format this reads the headers alone, in a fifth of the instructions.
    """
    if not data.startswith(BinaryMessageFormatV1.IDENTITY_HEADER):
        return BinaryMessageFormatV1.parse(data)[1]
    _, version, at, _ = _OPENING(data)
    if version != 1:
        return BinaryMessageFormatV1.parse(data)[1]
    (count,) = _LENGTH(data, at)
    at += 2
    texts = []
    for _ in range(2 * count):
        end = at + 2 + (data[at] << 8 | data[at + 1])
        texts.append(data[at + 2 : end].decode())
        at = end
    names_and_values = iter(texts)
    return dict(zip(names_and_values, names_and_values, strict=True))
