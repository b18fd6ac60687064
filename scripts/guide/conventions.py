"""OpenTelemetry's messaging conventions, version 1.44.0, as data to test against.

Transcribed by hand from the tables of span attributes at
https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/, `kafka/` and
`rabbitmq/` beside it. A table has a column a kind of span:

- `r` required, `c` conditionally required, `+` recommended, `o` opt-in, `.` not there;
- `*` the attribute is for samplers, so it is given when the span starts;
- `if` the condition, one of `CONDITIONS`. A recommended attribute may have one too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VERSION: Final = "1.44.0"

# Kinds of spans, as the conventions tell them apart: who sends a message that has a
# creation context already is a client.
SPANS: Final = ("create", "send", "client send", "receive", "process", "settle")

# What makes a condition true, in the conventions' words.
CONDITIONS: Final = {
    "failed": "If and only if the messaging operation has failed.",
    "batch": "If the span describes an operation on a batch of messages.",
    "single": "If span describes operation on a single message.",
    "named": "If span describes operation on a single message or if the value applies "
    "to all messages in the batch.",
    "typed": "If applicable: all our operations are of a type.",
    "partition": "When applicable.",
    "template": "If available.",
    "group": "If applicable.",
    "key": "If span describes operation on a single message, which has a key.",
    "tombstone": "If value is true. When missing, the value is assumed to be false.",
    "anonymous": "If value is true. When missing, the value is assumed to be false.",
    "temporary": "If value is true. When missing, the value is assumed to be false.",
    "routing key": "If not empty.",
    "delivery tag": "When available.",
    "peer": "If and only if network.peer.address is set.",
}

_GENERAL = """
error.type                          str  c c c c c c  if failed
messaging.batch.message_count       int  . c c c c c  if batch
messaging.client.id                 str  . + + + + +
messaging.destination.name          str* c c c c c c  if named
messaging.destination.partition.id  str* + + + + + +  if partition
messaging.destination.template      str* c c c c c c  if template
messaging.message.body.size         int  o o o o o .
messaging.message.conversation_id   str  + + + + + +
messaging.message.envelope.size     int  o o o o o .
messaging.message.id                str  + + + + + +  if single
messaging.operation.name            str* r r r r r r
messaging.operation.type            str* c c c c c c  if typed
messaging.system                    str* r r r r r r
network.peer.address                str  . + + + . +
network.peer.port                   int  . + + + . +  if peer
server.address                      str* + + + + + +
server.port                         int* + + + + + +
"""

_KAFKA = """
error.type                          str  c c c c c c  if failed
messaging.batch.message_count       int  . c c c c c  if batch
messaging.client.id                 str  . + + + + +
messaging.consumer.group.name       str* . . . c c c  if group
messaging.destination.name          str* c c c c c c  if named
messaging.destination.partition.id  str* + + + + + +  if partition
messaging.destination.template      str* c c c c c c  if template
messaging.kafka.cluster.id          str  . + + + + +
messaging.kafka.message.key         str  + + + + + .  if key
messaging.kafka.message.tombstone   bool c c c c c .  if tombstone
messaging.kafka.offset              int  . + + + + +  if single
messaging.message.body.size         int  o o o o o .
messaging.message.conversation_id   str  + + + + + +
messaging.message.envelope.size     int  o o o o o .
messaging.message.id                str  + + + + + +  if single
messaging.operation.name            str* r r r r r r
messaging.operation.type            str* c c c c c c  if typed
messaging.system                    str* r r r r r r
network.peer.address                str  . + + + . +
network.peer.port                   int  . + + + . +  if peer
server.address                      str* + + + + + +
server.port                         int* + + + + + +
"""

# RabbitMQ has no batches, and so no create spans. Its table has one column for sending,
# which is here in both.
_RABBITMQ = """
error.type                                   str  . c c c c c  if failed
messaging.batch.message_count                int  . c c c c c  if batch
messaging.client.id                          str  . + + + + +
messaging.destination.anonymous              bool . c c c c .  if anonymous
messaging.destination.name                   str* . r r r r r
messaging.destination.partition.id           str* . + + + + +  if partition
messaging.destination.template               str* . c c c c c  if template
messaging.destination.temporary              bool . c c c c .  if temporary
messaging.message.body.size                  int  . o o o o .
messaging.message.conversation_id            str  . + + + + +
messaging.message.envelope.size              int  . o o o o .
messaging.message.id                         str  . + + + + +  if single
messaging.operation.name                     str* . r r r r r
messaging.operation.type                     str* . c c c c c  if typed
messaging.rabbitmq.destination.routing_key   str  . c c c c .  if routing key
messaging.rabbitmq.message.delivery_tag      int  . . . c c c  if delivery tag
messaging.system                             str* . r r r r r
network.peer.address                         str  . + + + . +
network.peer.port                            int  . + + + . +  if peer
server.address                               str* . + + + + +
server.port                                  int* . + + + + +
"""

_LEVELS = {"r": "required", "c": "conditional", "+": "recommended", "o": "opt-in"}
_TYPES = {"str": str, "int": int, "bool": bool}


@dataclass(frozen=True)
class Row:
    """What the conventions say of an attribute.

    `levels` has an entry a kind of span that the attribute is listed for, and
    `condition` is empty where there is none.
    """

    type: type
    levels: dict[str, str]
    at_start: bool
    condition: str


def _read(table: str) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for line in table.strip().splitlines():
        cells, _, condition = line.partition(" if ")
        name, kind, *levels = cells.split()
        assert name not in rows, f"{name} stands there twice"
        assert not condition or condition in CONDITIONS, line
        rows[name] = Row(
            _TYPES[kind.rstrip("*")],
            {
                span: _LEVELS[level]
                for span, level in zip(SPANS, levels, strict=True)
                if level != "."
            },
            kind.endswith("*"),
            condition,
        )
    return rows


GENERAL: Final = _read(_GENERAL)
TABLES: Final = {"kafka": _read(_KAFKA), "rabbitmq": _read(_RABBITMQ)}


def table(system: str) -> dict[str, Row]:
    """Give the table for a messaging system; most have none of their own."""
    return TABLES.get(system, GENERAL)


# Of the registry's attributes, what is not for our brokers. What is neither here nor in
# a table is new: read the conventions, then put it into the one or the other.
NOT_OURS: Final = frozenset(
    {
        "messaging.eventhubs.message.enqueued_time",
        "messaging.gcp_pubsub.message.ack_deadline",
        "messaging.gcp_pubsub.message.ack_id",
        "messaging.gcp_pubsub.message.delivery_attempt",
        "messaging.gcp_pubsub.message.ordering_key",
        "messaging.rocketmq.consumption_model",
        "messaging.rocketmq.message.delay_time_level",
        "messaging.rocketmq.message.delivery_timestamp",
        "messaging.rocketmq.message.group",
        "messaging.rocketmq.message.keys",
        "messaging.rocketmq.message.tag",
        "messaging.rocketmq.message.type",
        "messaging.rocketmq.namespace",
        "messaging.servicebus.disposition_status",
        "messaging.servicebus.message.delivery_count",
        "messaging.servicebus.message.enqueued_time",
        # A subscription as an entity of its own, as Pulsar and Service Bus have it.
        "messaging.destination.subscription.name",
    }
)
