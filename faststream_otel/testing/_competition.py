"""Subscribers that compete for messages, in memory: one of them gets each.

FastStream's test brokers know groups of consumers. What they give to all is what a
server gives to one: those of one queue of RabbitMQ, and of one list of Redis.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class Sent:
    """What was published together: a message, or those of a batch."""

    def __init__(self) -> None:
        # How many of its messages each subscriber was asked to take.
        self.asked: Counter[int] = Counter()


class Competition:
    """Who takes which message.

    Args:
        subscribers: All of them.
    """

    def __init__(self, subscribers: Sequence[Any]) -> None:
        self._rivals: dict[tuple[str, str], list[Any]] = {}
        self._taken: Counter[tuple[str, str]] = Counter()
        for subscriber in subscribers:
            source = _source(subscriber)
            if source is not None:
                self._rivals.setdefault(source, []).append(subscriber)

    def takes(self, subscriber: Any, sent: Sent) -> bool:
        """Whether a subscriber takes the next message that was published: in turn."""
        source = _source(subscriber)
        rivals = self._rivals.get(source, []) if source else []
        if source is None or len(rivals) < 2 or subscriber not in rivals:  # noqa: PLR2004
            return True
        sent.asked[id(subscriber)] += 1
        place = rivals.index(subscriber)
        turn = (self._taken[source] + sent.asked[id(subscriber)] - 1) % len(rivals)
        return turn == place

    def published(self, sent: Sent) -> None:
        """Go on with the next of those that were asked."""
        for source, rivals in self._rivals.items():
            self._taken[source] += max(sent.asked[id(each)] for each in rivals)


def _source(subscriber: Any) -> tuple[str, str] | None:
    """Where a subscriber takes messages from that nobody else gets then."""
    queue = getattr(subscriber, "queue", None)
    if getattr(subscriber, "exchange", None) is not None and queue is not None:
        return "queue", queue.name
    found = getattr(subscriber, "list_sub", None)
    return ("list", found.name) if found is not None else None
