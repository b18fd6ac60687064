"""A broker at a server of this machine, with telemetry or without, and its counts."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cost.contenders import OURS
from guide.kinds import KINDS, Kind
from trials.recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

OF: Final = {kind.name: kind for kind in KINDS}
URL: Final = {
    "kafka": "127.0.0.1:{}",
    "confluent": "127.0.0.1:{}",
    "rabbit": "amqp://guest:guest@127.0.0.1:{}/",
    "nats": "nats://127.0.0.1:{}",
    "redis": "redis://127.0.0.1:{}",
    "mqtt": "mqtt://127.0.0.1:{}",
}


def quietly(run: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """Run what has a process of its own: clients would log all that is done to them."""
    logging.disable(logging.CRITICAL)
    return asyncio.run(run)


@dataclass
class Connecting:
    """Makes brokers of one kind for one server.

    Args:
        name: The kind of the broker.
        contender: Whose telemetry there is.
        port: Where the server is.
        options: Of the middleware, besides its providers.
    """

    name: str
    contender: str
    port: int
    options: dict[str, Any] = field(default_factory=dict)
    recorded: Recorded = field(default_factory=Recorded)

    def __post_init__(self) -> None:
        self._options = {**self.recorded.options(), **self.options}

    @property
    def kind(self) -> Kind:
        """The kind of the broker."""
        return OF[self.name]

    def broker(self, **options: Any) -> Any:
        """Make a broker."""
        middlewares = []
        if self.contender == OURS:
            middlewares = [self.kind.middleware(**self._options)]
        url = URL[self.name.partition("-")[0]].format(self.port)
        return self.kind.broker(url, middlewares=middlewares, logger=None, **options)

    def subscribe(
        self, broker: Any, destination: str, handle: Callable[..., Any], **options: Any
    ) -> None:
        """Subscribe a function, from the first message on."""
        if self.name in {"kafka", "confluent"}:
            options = {
                "group_id": "trial",
                "auto_offset_reset": "earliest",
                **options,
            }
        self.kind.subscriber(broker, destination, **options)(handle)

    def seen(self) -> dict[str, Any]:
        """Give what was counted of spans and metrics."""
        self.recorded.flush()
        return {
            "started": self.recorded.spans.started,
            "spans": self.recorded.spans.ended,
            "errors": self.recorded.spans.failed,
            "exported": self.recorded.exported.count,
            "metrics": self.recorded.metrics(),
        }
