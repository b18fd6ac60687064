"""Names from OpenTelemetry's messaging conventions, version 1.44.0.

The messaging part of `opentelemetry-semantic-conventions` is still `_incubating`,
and that package pins one version of the API. So the names stand here as constants;
a test compares them with the newest release of it.

https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
"""

from __future__ import annotations

from typing import Final

from opentelemetry.trace import SpanKind

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.44.0"
SCOPE_NAME: Final = "faststream_otel"

# Registered attributes.
BATCH_MESSAGE_COUNT: Final = "messaging.batch.message_count"
CLIENT_ID: Final = "messaging.client.id"
CODE_FUNCTION_NAME: Final = "code.function.name"
CONSUMER_GROUP_NAME: Final = "messaging.consumer.group.name"
DESTINATION_ANONYMOUS: Final = "messaging.destination.anonymous"
DESTINATION_NAME: Final = "messaging.destination.name"
DESTINATION_PARTITION_ID: Final = "messaging.destination.partition.id"
DESTINATION_SUBSCRIPTION_NAME: Final = "messaging.destination.subscription.name"
DESTINATION_TEMPLATE: Final = "messaging.destination.template"
DESTINATION_TEMPORARY: Final = "messaging.destination.temporary"
ERROR_TYPE: Final = "error.type"
EXCEPTION_MESSAGE: Final = "exception.message"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"
EXCEPTION_TYPE: Final = "exception.type"
KAFKA_MESSAGE_KEY: Final = "messaging.kafka.message.key"
KAFKA_MESSAGE_TOMBSTONE: Final = "messaging.kafka.message.tombstone"
KAFKA_OFFSET: Final = "messaging.kafka.offset"
MESSAGE_BODY_SIZE: Final = "messaging.message.body.size"
MESSAGE_CONVERSATION_ID: Final = "messaging.message.conversation_id"
MESSAGE_ID: Final = "messaging.message.id"
OPERATION_NAME: Final = "messaging.operation.name"
OPERATION_TYPE: Final = "messaging.operation.type"
RABBITMQ_DELIVERY_TAG: Final = "messaging.rabbitmq.message.delivery_tag"
RABBITMQ_ROUTING_KEY: Final = "messaging.rabbitmq.destination.routing_key"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
SYSTEM: Final = "messaging.system"

# Metrics.
METRIC_CONSUMED_MESSAGES: Final = "messaging.client.consumed.messages"
METRIC_OPERATION_DURATION: Final = "messaging.client.operation.duration"
METRIC_PROCESS_DURATION: Final = "messaging.process.duration"
METRIC_QUEUE_DURATION: Final = "faststream.message.queue.duration"
METRIC_SENT_MESSAGES: Final = "messaging.client.sent.messages"

# What a span of a batch does not have: it would be that of one of its messages.
OF_SINGLE_MESSAGES: Final = (
    KAFKA_MESSAGE_KEY,
    KAFKA_MESSAGE_TOMBSTONE,
    KAFKA_OFFSET,
    MESSAGE_ID,
)

# Our own: the conventions have no name for it.
FASTSTREAM_DECISION: Final = "faststream.message.decision"

# Not registered, but what OpenTelemetry's Java agent calls it, before a header's name.
HEADER_PREFIX: Final = "messaging.header."


class Operation:
    """What is done with a message: the first word of a span's name, and its kind.

    Compared and hashed by identity, so that it is a cheap dictionary key.

    Args:
        name: `messaging.operation.name`.
        type_: `messaging.operation.type`.
        kind: The kind of the span.
    """

    __slots__ = ("kind", "name", "type")

    def __init__(self, name: str, type_: str, kind: SpanKind) -> None:
        self.name = name
        self.type = type_
        self.kind = kind


PUBLISH: Final = Operation("publish", "send", SpanKind.PRODUCER)
REQUEST: Final = Operation("request", "send", SpanKind.PRODUCER)
REPLY: Final = Operation("reply", "send", SpanKind.PRODUCER)
PROCESS: Final = Operation("process", "process", SpanKind.CONSUMER)
CREATE: Final = Operation("create", "create", SpanKind.PRODUCER)
RECEIVE: Final = Operation("receive", "receive", SpanKind.CLIENT)
ACK: Final = Operation("ack", "settle", SpanKind.CLIENT)
NACK: Final = Operation("nack", "settle", SpanKind.CLIENT)
REJECT: Final = Operation("reject", "settle", SpanKind.CLIENT)
