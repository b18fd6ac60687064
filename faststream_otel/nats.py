"""Telemetry for `faststream.nats`, core NATS and JetStream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faststream.nats.response import NatsPublishCommand
from nats.aio.msg import Msg
from nats.js.api import PubAck

from faststream_otel import _conventions as conventions
from faststream_otel._faststream import connection_option
from faststream_otel._messages import Messages, ReceivedMessage
from faststream_otel._middleware import TelemetryMiddleware

if TYPE_CHECKING:
    from faststream import StreamMessage

    from faststream_otel._conventions import Operation
    from faststream_otel._destination import Attributes, Destination
    from faststream_otel._faststream import Broker

__all__ = ("NatsTelemetryMiddleware",)


class NatsMessages(Messages[Msg, NatsPublishCommand]):
    """Describes what a NATS broker sends and handles."""

    package = "nats"
    system = "nats"
    default_port = 4222

    # Where the answers to requests go.
    _inbox = "_INBOX."

    def broker_facts(self, broker: Broker) -> Attributes:
        """Give the name of the connection."""
        inbox = connection_option(broker, "inbox_prefix")
        if isinstance(inbox, bytes):
            inbox = inbox.decode()
        if isinstance(inbox, str):
            self._inbox = f"{inbox}."
        name = connection_option(broker, "name")
        return {conventions.CLIENT_ID: name} if isinstance(name, str) and name else {}

    def subscriber_facts(self, subscriber: Any) -> Attributes:
        """Give the queue group, and the durable consumer of JetStream."""
        facts: Attributes = {}
        queue = getattr(subscriber, "queue", "")
        if queue:
            facts[conventions.CONSUMER_GROUP_NAME] = queue
        durable = getattr(subscriber, "extra_options", {}).get("durable")
        if durable:
            facts[conventions.DESTINATION_SUBSCRIPTION_NAME] = durable
        return facts

    def sent(self, cmd: NatsPublishCommand) -> tuple[Destination, Attributes]:
        """Describe a command."""
        subject = cmd.destination
        destination = self.destinations.get(subject)
        if destination is None:
            destination = self.destinations[subject] = self.destination(
                subject, temporary=subject.startswith(self._inbox)
            )
        attributes: Attributes = {}
        if cmd.correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = str(cmd.correlation_id)
        return destination, attributes

    def received(
        self, message: Msg | list[Msg], subscriber: Any
    ) -> ReceivedMessage | list[ReceivedMessage] | None:
        """Describe a message, or those that were pulled together."""
        if isinstance(message, list):
            return [self._describe(one, subscriber) for one in message]
        if not isinstance(message, Msg):
            # A watched key-value or object store delivers changes, not messages.
            return None
        described = self._describe(message, subscriber)
        # A number in a stream takes work to read, which is done once it is parsed.
        if not _is_jetstreams(message):
            headers = described.headers
            identifier = headers.get("message_id") or headers.get("correlation_id")
            if identifier:
                described.attributes[conventions.MESSAGE_ID] = str(identifier)
        return described

    def _describe(self, message: Msg, subscriber: Any) -> ReceivedMessage:
        source = self.sources.get(id(subscriber)) or self.source(subscriber)
        subject = message.subject
        destination = source.destinations.get(subject)
        if destination is None:
            destination = source.destinations[subject] = self.destination(
                subject,
                source.attributes,
                template=subscriber.subject.template if subscriber else None,
                temporary=subject.startswith(self._inbox),
            )
        headers = message.headers or {}
        attributes: Attributes = {}
        correlation_id = headers.get("correlation_id")
        if correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = str(correlation_id)
        sent = _sent(message) if self.wants_time else None
        return ReceivedMessage(destination, attributes, headers, sent)

    def answered(self, answer: Any) -> Attributes:
        """Give the number of the message in its stream."""
        # Only JetStream answers.
        if not isinstance(answer, PubAck):
            return {}
        return {conventions.MESSAGE_ID: str(answer.seq)}

    def message_id(self, message: StreamMessage[Any]) -> str:
        """Give the number of a message in its stream, or FastStream's id."""
        raw = message.raw_message
        metadata = _metadata(raw) if isinstance(raw, Msg) else None
        return str(metadata.sequence.stream) if metadata else message.message_id

    def settles(self, message: StreamMessage[Any], operation: Operation) -> bool:
        """Whether the broker is told when `message` is settled in this way."""
        # FastStream marks messages of core NATS, which knows no acknowledgement.
        raw = message.raw_message
        return not all(
            one.is_acked for one in (raw if isinstance(raw, list) else [raw])
        )


class NatsTelemetryMiddleware(TelemetryMiddleware[Msg, NatsPublishCommand]):
    """Traces what a NATS broker sends and handles.

    Give each broker its own instance:
    `NatsBroker(middlewares=[NatsTelemetryMiddleware()])`.
    A queue group is recorded as the consumer group, a durable consumer of JetStream as
    the subscription, and the inbox of a request as temporary.
    """

    messages_type = NatsMessages


def _is_jetstreams(message: Msg) -> bool:
    return message.reply.startswith("$JS.ACK.")


def _metadata(message: Msg) -> Msg.Metadata | None:
    """Give what JetStream tells, in the subject that acknowledgements go to."""
    if not _is_jetstreams(message):
        return None
    try:
        return message.metadata
    except Exception:
        # In core NATS the sender chooses that subject.
        return None


def _sent(message: Msg) -> int | None:
    metadata = _metadata(message)
    if metadata is None:
        return None
    return int(metadata.timestamp.timestamp() * 1_000_000) * 1_000
