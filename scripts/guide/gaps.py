"""Where our spans and the tables of the conventions differ, and why."""

from __future__ import annotations

from typing import Final, NamedTuple

from guide.scenes.stage import (
    KAFKA,
    OF,
    REQUESTS,
    SENDS_BATCHES,
    SETTLES,
    TAKES_BATCHES,
)

ALL = tuple(OF)
REDIS = tuple(name for name in ALL if name.startswith("redis"))

# Which brokers have which spans: all that a table can say something of.
ROWS: Final = {
    "create": KAFKA,
    "publish": ALL,
    "publish batch": SENDS_BATCHES,
    "request": REQUESTS,
    "reply": ALL,
    "process": ALL,
    "process batch": TAKES_BATCHES,
    "receive": ALL,
    "settle": SETTLES,
    "settle batch": tuple(name for name in TAKES_BATCHES if name in SETTLES),
}
SENT = ("publish", "publish batch", "request", "reply")
SETTLED = ("settle", "settle batch")
PROCESSED = ("process", "process batch")
RECEIVED = (*PROCESSED, "receive", *SETTLED)


class Gap(NamedTuple):
    """An attribute of some spans of some brokers, and why it is another case there."""

    attribute: str
    kinds: tuple[str, ...]
    rows: tuple[str, ...]
    why: str
    # Whether it is there all the same where it is equal for all messages.
    sometimes: bool = False

    def __str__(self) -> str:
        return f"{self.attribute}-{'-'.join(self.kinds)}"

    def covers(self, attribute: str, kind: str, row: str) -> bool:
        """Whether a span's attribute is meant."""
        return self.attribute == attribute and kind in self.kinds and row in self.rows


# What the conventions want and we do not know.
UNKNOWN: Final = (
    Gap(
        "network.peer.address",
        ALL,
        (*SENT, "receive", *SETTLED),
        "FastStream does not expose the address at the other end of a connection.",
    ),
    Gap(
        "messaging.kafka.cluster.id",
        KAFKA,
        (*SENT, *RECEIVED),
        "Only a request to the cluster would reveal it.",
    ),
    Gap(
        "messaging.kafka.offset",
        KAFKA,
        ("publish", "reply"),
        "It comes with the broker's answer, which no test broker gives.",
    ),
    Gap(
        "messaging.destination.partition.id",
        KAFKA,
        ("reply",),
        "It comes with the broker's answer, which no test broker gives.",
    ),
    Gap(
        "messaging.message.id",
        KAFKA,
        ("create", "publish", "reply"),
        "A record's id consists of its offset and time, which the broker assigns.",
    ),
    Gap(
        "messaging.message.id",
        ("nats", "mqtt"),
        ("publish", "request", "reply"),
        "FastStream sends none. JetStream's answer has one, but no test broker gives "
        "such an answer.",
    ),
    Gap(
        "messaging.message.id",
        REDIS,
        ("publish", "request", "reply"),
        "FastStream sends none. The id of a stream's entry comes with the server's "
        "answer, which no test broker gives.",
    ),
    Gap(
        "messaging.message.conversation_id",
        TAKES_BATCHES,
        ("process batch", "settle batch"),
        "Each message of a batch may have a different one.",
        sometimes=True,
    ),
    Gap(
        "messaging.consumer.group.name",
        KAFKA,
        ("receive",),
        "FastStream does not tell a middleware which subscriber fetched a message.",
    ),
)

# What our spans have and the tables do not list.
BEYOND: Final = (
    Gap(
        "code.function.name",
        ALL,
        (*PROCESSED, *SETTLED),
        "From the conventions for code: the handler.",
    ),
    Gap("faststream.message.decision", ALL, PROCESSED, "Our own."),
    Gap(
        "messaging.header.tenant",
        ALL,
        ("create", *SENT, *RECEIVED),
        "Opt-in, and named as OpenTelemetry's Java agent does.",
    ),
    Gap(
        "messaging.consumer.group.name",
        ("nats", "mqtt"),
        ("process", "settle"),
        "Registered, and listed for Kafka.",
    ),
    Gap(
        "messaging.consumer.group.name",
        ("redis-stream",),
        (*PROCESSED, *SETTLED),
        "Registered, and listed for Kafka.",
    ),
    *(
        Gap("messaging.destination.temporary", kinds, rows, "Registered; for RabbitMQ.")
        for kinds, rows in (
            (("nats", "mqtt"), ("publish", "reply", "receive")),
            (("redis-channel",), ("reply",)),
            # Answers come by a channel, whatever the request was sent to.
            (("redis-channel", "redis-list", "redis-stream"), ("receive",)),
            (("redis-list", "redis-stream"), ("reply",)),
        )
    ),
    Gap("messaging.client.id", KAFKA, ("create",), "Known to each span of a client."),
    *(
        Gap(attribute, kinds, ("settle",), "It has what is known of its message.")
        for attribute, kinds in (
            ("messaging.kafka.message.key", KAFKA),
            ("messaging.kafka.message.tombstone", KAFKA),
            ("messaging.rabbitmq.destination.routing_key", ("rabbit",)),
            ("messaging.destination.anonymous", ("rabbit",)),
        )
    ),
)

# Conditions that hold for no recorded span, by the conventions' kinds of spans.
UNTRIED: Final = {
    ("create", "failed"): "It ends before anything is sent.",
    ("create", "template"): "A message is sent to one destination.",
    ("send", "template"): "A message is sent to one destination.",
    ("client send", "template"): "A message is sent to one destination.",
    ("receive", "template"): "Which subscriber fetched a message is not known.",
    ("receive", "batch"): "`get_one` and iteration give one message.",
    ("process", "temporary"): "An answer has no handler.",
    ("create", "tombstone"): "The messages of a batch are not looked into.",
    ("send", "peer"): "It is not known.",
    ("client send", "peer"): "It is not known.",
    ("receive", "peer"): "It is not known.",
    ("settle", "peer"): "It is not known.",
}
