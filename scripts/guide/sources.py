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
    "messaging.operation.type": of(BROKERS, "The type in the table above."),
    "messaging.destination.name": {
        **of((*KAFKA, "mqtt"), "the topic."),
        "rabbit": "`exchange:routing key` of a message that is sent, "
        "`exchange:routing key:queue` of a message that is received; "
        "parts that are empty or repeat the part before are left out.",
        "nats": "the subject.",
        "redis": "the channel, list or stream.",
    },
    "messaging.message.id": {
        **of(KAFKA, "offset and time of the record, as FastStream joins them."),
        "rabbit": "the property of the message, which the argument `message_id` sets; "
        "FastStream makes one up if a received message has none.",
        "nats": "the message's sequence number in its JetStream stream; "
        "otherwise the header `message_id` or the correlation id.",
        "redis": "the id of a stream's entry; otherwise the header `message_id`, "
        "which FastStream makes up if there is none.",
        "mqtt": "the correlation id, because messages have no other id.",
    },
    "messaging.message.conversation_id": of(BROKERS, "FastStream's `correlation_id`."),
    "messaging.message.body.size": of(
        BROKERS,
        "The size of the body in bytes; for a batch, the size of all bodies. "
        "Opt-in: `record_body_size=True`.",
    ),
    "server.address": of(
        BROKERS,
        "The host in the broker's first address; "
        "not recorded if one middleware serves several brokers.",
    ),
    "server.port": of(
        BROKERS, "The port in that address, or the client's default port."
    ),
    "code.function.name": of(BROKERS, "The module and name of the handler."),
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
        "rabbit": "the destination's name with the routing key with which the queue is "
        "bound, if the message's own is different.",
        "nats": "the subscriber's subject, if the message's own is different.",
        "redis": "the pattern of the subscriber's `PubSub`.",
        "mqtt": "the subscriber's topic, if the message's own is different.",
    },
    "messaging.destination.temporary": {
        "rabbit": "`true` for `amq.rabbitmq.reply-to…`.",
        "nats": "`true` for `_INBOX.…`, or the broker's `inbox_prefix`.",
        "redis": "`true` for the channel on which the answer to a request arrives.",
        "mqtt": "`true` for `_zmqtt/reply/…`.",
    },
    "messaging.client.id": {
        **of(KAFKA, "the broker's `client_id`."),
        "rabbit": "`name` in the query of the broker's URL, if it is set.",
        "nats": "the broker's `name`.",
        "redis": "the broker's `client_name`, if it is set.",
        "mqtt": "the broker's `client_id`, if it is set.",
    },
    "messaging.destination.partition.id": of(
        KAFKA,
        "When publishing, the argument `partition` if it is set, otherwise the "
        "partition in the broker's answer. When receiving, the record's partition; for "
        "a batch, only if all records have the same.",
    ),
    "messaging.kafka.offset": of(
        KAFKA, "The record's offset; on publish spans, from the broker's answer."
    ),
    "messaging.kafka.message.key": of(
        KAFKA, "The record's key, if it is text or a number."
    ),
    "messaging.kafka.message.tombstone": of(
        KAFKA, "`true` for a record with a key and no body."
    ),
    "messaging.rabbitmq.destination.routing_key": {
        "rabbit": "The message's routing key, if it is not empty."
    },
    "messaging.rabbitmq.message.delivery_tag": {
        "rabbit": "The number of the delivery on its channel."
    },
    "messaging.destination.anonymous": {
        "rabbit": "`true` for a queue that the broker has named: `amq.gen-…`."
    },
    "faststream.message.decision": of(
        BROKERS,
        "What the handler decided by raising one of FastStream's exceptions: "
        "`ack`, `nack`, `reject`, `skip`, `stop_consume` or `stop_application`.",
    ),
    HEADER: of(
        BROKERS,
        "The values of a header, as a list. Opt-in: `capture_headers`. "
        "OpenTelemetry's Java agent uses the same name.",
    ),
}
