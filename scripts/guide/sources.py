"""Where span attributes come from: words for the reference page, by broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from faststream_otel import _conventions
from guide.places import BROKERS

if TYPE_CHECKING:
    from collections.abc import Iterable

# The name of the header follows.
HEADER = f"{_conventions.HEADER_PREFIX}<name>"

KAFKA = ("kafka", "confluent")


def of(brokers: Iterable[str], words: str) -> dict[str, str]:
    """Say the same of several brokers."""
    return dict.fromkeys(brokers, words)


# An attribute, and a broker that records it.
SOURCES: Final[dict[str, dict[str, str]]] = {
    "messaging.system": {
        **of(KAFKA, "`kafka`"),
        "rabbit": "`rabbitmq`",
        "nats": "`nats`",
        "redis": "`redis`",
        "mqtt": "`mqtt`",
    },
    "messaging.operation.name": of(BROKERS, "The first word of the span's name."),
    "messaging.operation.type": of(BROKERS, "As in the table above."),
    "messaging.destination.name": {
        **of((*KAFKA, "mqtt"), "the topic."),
        "rabbit": "`exchange:routing key` of what is sent, "
        "`exchange:routing key:queue` of what is received; "
        "parts that are empty or repeat the one before are left out.",
        "nats": "the subject.",
        "redis": "the channel, list or stream.",
    },
    "messaging.message.id": {
        **of(KAFKA, "offset and time of the record, as FastStream joins them."),
        "rabbit": "the message's property, which `message_id` of the call sets; "
        "made up by FastStream where a received message has none.",
        "nats": "the message's number in its stream for JetStream; "
        "else the header `message_id`, else the correlation id.",
        "redis": "the id of a stream's entry; else the header `message_id`, "
        "made up by FastStream where there is none.",
        "mqtt": "the correlation id: messages have no other.",
    },
    "messaging.message.conversation_id": of(BROKERS, "FastStream's `correlation_id`."),
    "messaging.message.body.size": of(
        BROKERS,
        "Bytes of the body, of all bodies for a batch. "
        "Opt-in: `record_body_size=True`.",
    ),
    "server.address": of(
        BROKERS,
        "The host of the broker's first address; "
        "not recorded where one middleware serves several brokers.",
    ),
    "server.port": of(
        BROKERS, "The port of that address, else the one that its client takes."
    ),
    "code.function.name": of(BROKERS, "Module and name of the handler."),
    "error.type": of(
        BROKERS, "The full name of the exception's class, if the operation failed."
    ),
    "messaging.batch.message_count": of(
        (*KAFKA, "nats", "redis"), "The number of messages in the batch."
    ),
    "messaging.consumer.group.name": {
        **of(KAFKA, "the subscriber's `group_id`."),
        "nats": "the subscriber's `queue`.",
        "redis": "`group` of the subscriber's `StreamSub`.",
        "mqtt": "the subscriber's `shared`.",
    },
    "messaging.destination.template": {
        "kafka": "the subscriber's `pattern`.",
        "rabbit": "the destination's name with the routing key that the queue is bound "
        "with, if the message has another.",
        "nats": "the subscriber's subject, if the message has another.",
        "redis": "the pattern of the subscriber's `PubSub`.",
        "mqtt": "the subscriber's topic, if the message has another.",
    },
    "messaging.destination.temporary": {
        "rabbit": "`true` for `amq.rabbitmq.reply-to…`.",
        "nats": "`true` for `_INBOX.…`, or the broker's `inbox_prefix`.",
        "redis": "`true` for the channel that an answer to a request comes to.",
        "mqtt": "`true` for `_zmqtt/reply/…`.",
    },
    "messaging.client.id": {
        **of(KAFKA, "the broker's `client_id`."),
        "rabbit": "`name` in the query of the broker's URL, if it is given.",
        "nats": "the broker's `name`.",
        "redis": "the broker's `client_name`, if it is given.",
        "mqtt": "the broker's `client_id`, if it is given.",
    },
    "messaging.destination.partition.id": of(
        KAFKA,
        "`partition` of the call that publishes, if it is given, "
        "else what the broker answers. "
        "The record's when it is received; for a batch, if it is the same for all.",
    ),
    "messaging.kafka.offset": of(
        KAFKA, "The record's offset; on publish spans as the broker answers."
    ),
    "messaging.kafka.message.key": of(
        KAFKA, "The record's key, if it is text or a number."
    ),
    "messaging.kafka.message.tombstone": of(KAFKA, "`true` for a key without a body."),
    "messaging.rabbitmq.destination.routing_key": {
        "rabbit": "The message's routing key, if it is not empty."
    },
    "messaging.rabbitmq.message.delivery_tag": {
        "rabbit": "The number of the delivery on its channel."
    },
    "messaging.destination.anonymous": {
        "rabbit": "`true` for a queue that the broker named: `amq.gen-…`."
    },
    "faststream.message.decision": of(
        BROKERS,
        "What the handler decided by raising FastStream's exception: "
        "`ack`, `nack`, `reject`, `skip`, `stop_consume` or `stop_application`.",
    ),
    HEADER: of(
        BROKERS,
        "The values of a header, as a list. Opt-in: `capture_headers`. "
        "OpenTelemetry's Java agent has the same name for it.",
    ),
}
