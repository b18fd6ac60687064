"""Names for FastStream's broker in memory; there is no client of Kafka behind them.

The client itself is written in C, and no browser runs it.
"""


class Message:
    """A message of the client."""


class TopicPartition:
    """A partition of a topic."""


class KafkaError:
    """An error of the client."""

    _PARTITION_EOF = -191


class KafkaException(Exception):  # noqa: N818 - its name
    """An exception of the client."""


class Consumer:
    """What receives."""


class Producer:
    """What sends."""
