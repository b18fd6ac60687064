"""Telemetry for `faststream.redis`: channels, lists and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faststream.redis.message import bDATA_KEY
from faststream.redis.response import RedisPublishCommand

from faststream_otel import _conventions as conventions
from faststream_otel._description import Destination, Incoming, Outgoing
from faststream_otel._middleware import TelemetryMiddleware, remember

if TYPE_CHECKING:
    from collections.abc import Mapping

    from faststream_otel._description import Attributes

__all__ = ("RedisTelemetryMiddleware",)


class RedisTelemetryMiddleware(
    TelemetryMiddleware["Mapping[str, Any]", RedisPublishCommand],
):
    """Traces what a Redis broker sends and handles.

    Give one instance to each broker:
    `RedisBroker(middlewares=[RedisTelemetryMiddleware()])`.
    Context travels in the envelope that FastStream puts around a message. The group
    of a stream is the consumer group.

    Args:
        tracer_provider: Where spans go. The global provider if left out, even if
            that is set later.
    """

    _system = "redis"
    _default_port = 6379

    def _subscriber_facts(self, subscriber: Any) -> Attributes:
        stream = getattr(subscriber, "stream_sub", None)
        group = getattr(stream, "group", None)
        return {conventions.CONSUMER_GROUP_NAME: group} if group else {}

    def _describe_command(self, cmd: RedisPublishCommand) -> Outgoing:
        name = cmd.destination
        destination = self._destinations.get(name)
        if destination is None:
            destination = Destination(name, self._common)
            remember(self._destinations, name, destination)
        attributes: Attributes = {}
        if cmd.correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = cmd.correlation_id
        return Outgoing(destination, attributes)

    def _describe_message(
        self, message: Mapping[str, Any], subscriber: Any
    ) -> Incoming:
        source = self._source(subscriber)
        name = message["channel"]
        destination = source.destinations.get(name)
        if destination is None:
            # Only a channel can be subscribed to by a pattern.
            declared = (
                subscriber.channel.address.template if message.get("pattern") else None
            )
            destination = remember(
                source.destinations,
                name,
                Destination(name, source.attributes, template=declared),
            )
        return Incoming(destination, {}, _headers(message["data"], subscriber))


def _headers(data: Any, subscriber: Any) -> dict[str, Any]:
    if isinstance(data, dict):
        # A stream's entry, of FastStream or of somebody else.
        data = data.get(bDATA_KEY)
    if not isinstance(data, bytes):
        return {}
    headers: dict[str, Any] = subscriber.config.message_format.parse(data)[1]
    return headers
