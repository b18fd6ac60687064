"""Telemetry for `faststream.nats`, core NATS and JetStream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faststream.nats.response import NatsPublishCommand
from nats.aio.msg import Msg

from faststream_otel import _conventions as conventions
from faststream_otel._description import Destination, Incoming, Outgoing
from faststream_otel._middleware import TelemetryMiddleware, remember

if TYPE_CHECKING:
    from faststream_otel._description import Attributes

__all__ = ("NatsTelemetryMiddleware",)


class NatsTelemetryMiddleware(TelemetryMiddleware[Msg, NatsPublishCommand]):
    """Traces what a NATS broker sends and handles.

    Give one instance to each broker:
    `NatsBroker(middlewares=[NatsTelemetryMiddleware()])`.
    A queue group is the consumer group; the inbox of a request is temporary.

    Args:
        tracer_provider: Where spans go. The global provider if left out, even if
            that is set later.
    """

    _system = "nats"
    _default_port = 4222

    def _subscriber_facts(self, subscriber: Any) -> Attributes:
        queue = getattr(subscriber, "queue", "")
        return {conventions.CONSUMER_GROUP_NAME: queue} if queue else {}

    def _describe_command(self, cmd: NatsPublishCommand) -> Outgoing:
        subject = cmd.destination
        destination = self._destinations.get(subject)
        if destination is None:
            destination = remember(
                self._destinations,
                subject,
                Destination(
                    subject,
                    self._common,
                    temporary=subject.startswith("_INBOX."),
                ),
            )
        attributes: Attributes = {}
        if cmd.correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = cmd.correlation_id
        return Outgoing(destination, attributes)

    def _describe_message(self, message: Msg, subscriber: Any) -> Incoming | None:
        if not isinstance(message, Msg):
            # A watched key-value or object store delivers changes, not messages.
            return None
        source = self._source(subscriber)
        subject = message.subject
        destination = source.destinations.get(subject)
        if destination is None:
            declared = subscriber.subject.template
            destination = remember(
                source.destinations,
                subject,
                Destination(
                    subject,
                    source.attributes,
                    template=declared if declared != subject else None,
                ),
            )
        return Incoming(destination, {}, message.headers or {})
