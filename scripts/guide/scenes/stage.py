"""A broker in memory, and the spans that it records with what is true for them."""

from __future__ import annotations

import asyncio
import functools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from faststream import AckPolicy, mqtt, nats, redis

from faststream_otel._faststream import producers
from faststream_otel.testing import SpanRecorder, in_memory
from guide.kinds import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping

    from faststream.response.publish_type import PublishType
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import Span
    from opentelemetry.util.types import AttributeValue

    from faststream_otel.testing import Deliveries

    Scene = Callable[[Kind], Coroutine[Any, Any, list["Cell"]]]

OF = {kind.name: kind for kind in KINDS}
# What a message from elsewhere brings, the example of the W3C.
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
KAFKA = ("kafka", "confluent")
GROUPS = (*KAFKA, "nats", "redis-stream", "mqtt")
SETTLES = (*KAFKA, "rabbit", "nats", "redis-stream", "mqtt")
# Who can send a batch, and who can handle one.
SENDS_BATCHES = (*KAFKA, "redis-list")
TAKES_BATCHES = (*SENDS_BATCHES, "nats", "redis-stream")
# FastStream's Kafka brokers take requests in its tests only.
REQUESTS = tuple(name for name in OF if name not in KAFKA)
# What each client calls the place that an answer is to go to.
INBOXES = {
    "rabbit": "amq.rabbitmq.reply-to.g1h2.abc==",
    "nats": "_INBOX.abc.def",
    "redis-channel": "XHyCEBJFhLTGCMcKFDYFJZ",
    "mqtt": "_zmqtt/reply/0123456789abcdef0123456789abcdef",
}

TELEMETRY = {
    "capture_headers": ["tenant"],
    "record_body_size": True,
    "settle_spans": True,
}


# How an application names its client; the others have a name by default.
NAMED: dict[str, dict[str, Any]] = {
    "rabbit": {"url": "amqp://guest:guest@localhost:5672/?name=guide"},
    "redis": {"client_name": "guide"},
    "mqtt": {"client_id": "guide"},
}


class Cell(NamedTuple):
    """A recorded span.

    `row` says what it is in our words, and `span` in those of the conventions.
    `facts` are the conditions that are true for it.
    """

    kind: Kind
    row: str
    span: str
    facts: frozenset[str]
    start: Mapping[str, AttributeValue]
    attributes: Mapping[str, AttributeValue]

    def __str__(self) -> str:
        return f"{self.row} on {self.kind} ({', '.join(sorted(self.facts))})"


class Recorder(SpanRecorder):
    """Keeps what each span began with, too: that is all a sampler sees."""

    def __init__(self) -> None:
        super().__init__()
        self.starts: dict[int, Mapping[str, AttributeValue]] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        super().on_start(span, parent_context)
        self.starts[span.get_span_context().span_id] = dict(span.attributes or {})


class Stage:
    """A broker in memory, and what it records.

    Args:
        kind: The kind of the broker.
        telemetry: Options of its middleware, besides those that record more.
    """

    def __init__(self, kind: Kind, **telemetry: Any) -> None:
        self.kind = kind
        self.recorder = Recorder()
        self.broker = kind.traced(
            self.recorder,
            telemetry={**TELEMETRY, **telemetry},
            **NAMED.get(kind.name.partition("-")[0], {}),
        )

    def subscriber(
        self, policy: AckPolicy = AckPolicy.ACK, *, batch: bool = False
    ) -> Any:
        """Subscribe to `orders`."""
        name: Any = "orders"
        if self.kind.name == "redis-stream":
            name = redis.StreamSub("orders", group="workers", consumer="c", batch=batch)
        elif self.kind.name == "redis-list":
            name = redis.ListSub("orders", batch=batch)
        options = self.options(policy, batch=batch)
        return self.kind.subscriber(self.broker, name, **options)

    def options(
        self, policy: AckPolicy = AckPolicy.ACK, *, batch: bool = False
    ) -> dict[str, Any]:
        """Give what makes a subscriber have a group and settle, where that can be."""
        name = self.kind.name
        options: dict[str, Any] = {"ack_policy": policy} if name in SETTLES else {}
        if name in KAFKA:
            return options | {"group_id": "workers", "batch": batch}
        if name == "nats" and batch:
            return options | {"stream": "s", "pull_sub": nats.PullSub(batch=True)}
        if name == "nats":
            return options | {"stream": "s", "queue": "workers"}
        if name == "mqtt":
            return options | {"shared": "workers", "qos": mqtt.QoS.AT_LEAST_ONCE}
        return options

    async def publish(self, body: Any = "x", to: str = "orders", **more: Any) -> None:
        """Publish with all that makes an attribute."""
        options: dict[str, dict[str, Any]] = {
            "kafka": {"key": b"k", "partition": 3},
            "confluent": {"key": b"k", "partition": 3},
            "rabbit": {"message_id": "m-1"},
            "nats": {} if "reply_to" in more else {"stream": "s"},
            "mqtt": {"qos": mqtt.QoS.AT_LEAST_ONCE},
        }
        more["headers"] = {"tenant": "acme", **more.get("headers", {})}
        more.update(options.get(self.kind.name, {}))
        await self.kind.publish(self.broker, body, to, **more)

    @asynccontextmanager
    async def running(self, *failing: PublishType) -> AsyncIterator[Deliveries]:
        """Run the broker; sending what is `failing` raises, as without a server."""
        async with in_memory(self.broker) as deliveries:
            for producer in producers([self.broker]):
                for name in ("publish", "request", "publish_batch"):
                    if failing and hasattr(producer, name):
                        setattr(producer, name, lost(getattr(producer, name), failing))
            yield deliveries
            await deliveries.settled()

    def cells(self, row: str, span: str, *facts: str, name: str = "") -> list[Cell]:
        """Give the recorded spans of one operation.

        Args:
            row: What the spans are; the first word is their operation's name.
            span: What they are to the conventions.
            facts: Conditions that are true, besides those that follow from the row.
            name: The operation's name, if it is another.
        """
        known = {*facts, "typed"}
        if "batch" not in known:
            known |= {"single", "named"}
        operation = name or row.partition(" ")[0]
        return [
            Cell(
                self.kind,
                row,
                span,
                frozenset(known),
                self.recorder.starts[recorded.span_id],
                recorded.attributes,
            )
            for recorded in self.recorder.trace().spans
            if recorded.attributes["messaging.operation.name"] == operation
        ]

    def own(self, *, received: bool, batch: bool = False) -> set[str]:
        """Conditions that are true of a usual message of this kind."""
        facts = set()
        if self.kind.name in KAFKA:
            facts |= {"partition"} | (set() if batch else {"key"})
        if self.kind.name == "rabbit":
            facts.add("routing key")
        if received and self.kind.name in GROUPS:
            facts.add("group")
        return facts


async def echo(message: str) -> str:
    """Answer with what came."""
    return message


def lost(send: Any, failing: tuple[PublishType, ...]) -> Any:
    """Make sending some kinds of messages fail."""

    @functools.wraps(send)
    async def sends(cmd: Any) -> Any:
        if cmd.publish_type in failing:
            raise ConnectionError("connection lost")
        return await send(cmd)

    return sends


SCENES: dict[str, tuple[Scene, tuple[str, ...]]] = {}


def scene(*kinds: str) -> Callable[[Scene], Scene]:
    """Say on which kinds of brokers a scene can happen; on all if none is named."""

    def remember(play: Scene) -> Scene:
        SCENES[play.__name__] = play, kinds or tuple(OF)
        return play

    return remember


@functools.cache
def play(name: str, kind: Kind) -> list[Cell]:
    """Play a scene, once, and give the spans that it recorded."""
    return asyncio.run(SCENES[name][0](kind))


def everything() -> Iterator[Cell]:
    """Play all scenes."""
    for name, (_, kinds) in SCENES.items():
        for kind in kinds:
            yield from play(name, OF[kind])
