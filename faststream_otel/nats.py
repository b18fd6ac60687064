"""Telemetry for `faststream.nats`, core NATS and JetStream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faststream.nats.response import NatsPublishCommand
from nats.aio.msg import Msg
from nats.js.api import PubAck

from faststream_otel import _conventions as conventions
from faststream_otel._description import Destination, Incoming, Outgoing
from faststream_otel._faststream import connection_option
from faststream_otel._middleware import TelemetryMiddleware, remember

if TYPE_CHECKING:
    from faststream import StreamMessage

    from faststream_otel._conventions import Operation
    from faststream_otel._description import Attributes
    from faststream_otel._faststream import Broker

__all__ = ("NatsTelemetryMiddleware",)


class NatsTelemetryMiddleware(TelemetryMiddleware[Msg, NatsPublishCommand]):
    """Traces what a NATS broker sends and handles.

    Give one instance to each broker:
    `NatsBroker(middlewares=[NatsTelemetryMiddleware()])`.
    A queue group is the consumer group; the inbox of a request is temporary.
    """

    _system = "nats"
    _default_port = 4222

    # Where the answers to requests go.
    _inbox = "_INBOX."

    def _broker_facts(self, broker: Broker) -> Attributes:
        inbox = connection_option(broker, "inbox_prefix")
        if isinstance(inbox, bytes):
            inbox = inbox.decode()
        if isinstance(inbox, str):
            self._inbox = f"{inbox}."
        name = connection_option(broker, "name")
        return {conventions.CLIENT_ID: name} if isinstance(name, str) and name else {}

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
                    temporary=subject.startswith(self._inbox),
                ),
            )
        attributes: Attributes = {}
        if cmd.correlation_id:
            attributes[conventions.MESSAGE_CONVERSATION_ID] = cmd.correlation_id
        return Outgoing(destination, attributes)

    def _describe_message(
        self, message: Msg | list[Msg], subscriber: Any
    ) -> Incoming | list[Incoming] | None:
        if isinstance(message, list):
            return [self._describe_one(one, subscriber) for one in message]
        if not isinstance(message, Msg):
            # A watched key-value or object store delivers changes, not messages.
            return None
        return self._describe_one(message, subscriber)

    def _describe_one(self, message: Msg, subscriber: Any) -> Incoming:
        source = self._source(subscriber)
        subject = message.subject
        destination = source.destinations.get(subject)
        if destination is None:
            declared = subscriber.subject.template if subscriber else subject
            destination = Destination(
                subject,
                source.attributes,
                template=declared if declared != subject else None,
                temporary=subject.startswith(self._inbox),
            )
            remember(source.destinations, subject, destination)
        sent = _sent(message) if self._metrics.records_queue_time else None
        return Incoming(destination, {}, message.headers or {}, sent)

    def _describe_answer(self, answer: Any) -> Attributes:
        # Only JetStream answers: with the message's number in its stream.
        if not isinstance(answer, PubAck):
            return {}
        return {conventions.MESSAGE_ID: str(answer.seq)}

    def _message_id(self, message: StreamMessage[Any]) -> str:
        raw = message.raw_message
        if isinstance(raw, Msg) and _is_jetstreams(raw):
            return str(raw.metadata.sequence.stream)
        return message.message_id

    def _settles(self, message: StreamMessage[Any], operation: Operation) -> bool:
        # FastStream marks messages of core NATS, which knows no acknowledgement.
        raw = message.raw_message
        return not all(
            one.is_acked for one in (raw if isinstance(raw, list) else [raw])
        )


def _is_jetstreams(message: Msg) -> bool:
    return message.reply.startswith("$JS.ACK.")


def _sent(message: Msg) -> int | None:
    # Only JetStream tells, in the subject that acknowledgements go to.
    if not _is_jetstreams(message):
        return None
    return int(message.metadata.timestamp.timestamp() * 1_000_000) * 1_000
