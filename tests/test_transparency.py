"""FastStream does the same with our middleware as without it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aio_pika import Message
from fastapi import FastAPI
from faststream import Context
from faststream.exceptions import (
    AckMessage,
    NackMessage,
    RejectMessage,
    SkipMessage,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from pydantic import BaseModel, model_serializer

from faststream_otel.testing._deliveries import _test_broker
from guide.scenes.raw import raw
from tests.kinds import KINDS, Kind, every_kind
from tests.test_batches import batch_subscriber, handling
from tests.test_fastapi import fastapi_router

if TYPE_CHECKING:
    from collections.abc import Awaitable

Log = list[Any]

# Every option on: telemetry may cost what it likes here, but change nothing.
EVERYTHING = {
    "create_spans": True,
    "settle_spans": True,
    "record_body_size": True,
    "record_queue_time": True,
    "meter_provider": MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False),
    "capture_headers": ["tenant"],
    "destination_templates": ["{name}"],
    "exclude": ["third"],
    "publish_hook": lambda span, command: None,
    "consume_hook": lambda span, message: None,
    "baggage_keys": ["tenant"],
}

NONE = "FastStream has none for this kind of broker"

PROPAGATED = {"traceparent", "tracestate", "baggage"}


def seen(message: Any) -> dict[str, Any]:
    """What a handler can see of a message, without context and what is random."""
    return {
        "body": message.body,
        "headers": {
            name: value
            for name, value in message.headers.items()
            if name not in PROPAGATED | {"correlation_id"}
        },
        "reply_to": message.reply_to,
        "content_type": message.content_type,
        "path": message.path,
        "committed": message.committed,
    }


async def outcome(log: Log, awaitable: Awaitable[Any]) -> Any:
    """Note how a call ended."""
    try:
        result = await awaitable
    except Exception as error:
        log.append(("raised", type(error), str(error)))
        return None
    log.append(("returned", type(result)))
    return result


async def publish(kind: Kind, broker: Any, log: Log) -> None:
    """Publish to a handler, with headers and ids."""

    @kind.subscriber(broker, "orders")
    async def handle(body: Any, message: Any = Context("message")) -> None:
        log.append((body, seen(message), message.correlation_id))

    headers = {"tenant": "acme", "baggage": "tenant=acme,admin=1"}
    async with _test_broker(broker)(broker):
        for body in ("text", b"bytes", {"a": 1}, None, 5):
            await outcome(
                log,
                kind.publish(
                    broker, body, "orders", headers=headers, correlation_id="c-1"
                ),
            )
    log.append(headers)


class Counting(BaseModel):
    """A body that tells how often it was encoded."""

    encoded: int = 0

    @model_serializer
    def encode(self) -> dict[str, int]:
        """Count this."""
        self.encoded += 1
        return {"encoded": self.encoded}


async def once(kind: Kind, broker: Any, log: Log) -> None:
    """Send bodies that can be read once: as they are, returned, and in a batch."""

    @kind.subscriber(broker, "orders")
    async def handle(body: Any) -> None:
        log.append(body)

    @kind.subscriber(broker, "ask")
    @kind.publisher(broker, "orders")
    async def returns(body: Any) -> Any:
        return (each for each in (body, body))

    async with _test_broker(broker)(broker):
        for body in ((n for n in range(3)), map(str, range(2)), Counting()):
            await outcome(log, kind.publish(broker, body, "orders"))
        await outcome(log, kind.publish(broker, "hello", "ask"))
        if kind.name in {"kafka", "confluent", "redis-list"}:
            bodies = ((n for n in range(2)), Counting(), iter("ab"))
            await outcome(
                log, broker.publish_batch(*bodies, **{kind.sent_to: "orders"})
            )
        if kind.name == "rabbit":
            for persist in (True, False):
                message = Message(b"of the client", delivery_mode=1 + persist)
                await outcome(log, kind.publish(broker, message, "orders"))


async def chain(kind: Kind, broker: Any, log: Log) -> None:
    """Publish on by two publishers."""

    @kind.subscriber(broker, "first")
    @kind.publisher(broker, "second")
    @kind.publisher(broker, "third")
    async def first(body: str) -> str:
        return body.upper()

    @kind.subscriber(broker, "second")
    async def second(body: str, message: Any = Context("message")) -> None:
        log.append(("second", body, seen(message)))

    @kind.subscriber(broker, "third")
    def third(body: str, message: Any = Context("message")) -> None:
        log.append(("third", body, seen(message)))

    async with _test_broker(broker)(broker):
        await outcome(log, kind.publish(broker, "hello", "first"))


async def request(kind: Kind, broker: Any, log: Log) -> None:
    """Ask, and be answered; ask where nobody answers."""

    @kind.subscriber(broker, "orders")
    async def handle(body: str) -> str:
        return body.upper()

    async with _test_broker(broker)(broker):
        answer = await outcome(log, kind.request(broker, "hello", "orders"))
        log.append((await answer.decode(), seen(answer)))
        await outcome(log, kind.request(broker, "hello", "nobody"))


async def errors(kind: Kind, broker: Any, log: Log) -> None:
    """Raise in a handler what can be raised there."""

    @kind.subscriber(broker, "orders")
    async def handle(body: str, message: Any = Context("message")) -> None:
        raised = {
            "ack": AckMessage(),
            "nack": NackMessage(),
            "reject": RejectMessage(),
            "skip": SkipMessage(),
            "error": ValueError("no such order"),
        }
        log.append(body)
        raise raised[body]

    async with _test_broker(broker)(broker):
        for body in ("ack", "nack", "reject", "skip", "error", "unknown"):
            await outcome(log, kind.publish(broker, body, "orders"))


async def acknowledge(kind: Kind, broker: Any, log: Log) -> None:
    """Settle by hand."""

    @kind.subscriber(broker, "orders")
    async def handle(body: str, message: Any = Context("message")) -> None:
        log.append(message.committed)
        await outcome(log, getattr(message, body)())
        log.append(message.committed)

    async with _test_broker(broker)(broker):
        for body in ("ack", "nack", "reject"):
            await outcome(log, kind.publish(broker, body, "orders"))


async def routers(kind: Kind, broker: Any, log: Log) -> None:
    """Handle on a router with a prefix, and on two filters."""
    router = kind.router(prefix="v1-")
    subscriber = kind.subscriber(router, "orders")

    @subscriber(filter=lambda message: message.body == b"special")
    async def special(body: str) -> None:
        log.append(("special", body))

    @subscriber
    async def general(body: str) -> None:
        log.append(("general", body))

    broker.include_router(router)
    async with _test_broker(broker)(broker):
        for body in ("special", "other"):
            await outcome(log, kind.publish(broker, body, "v1-orders"))


async def batch(kind: Kind, broker: Any, log: Log) -> None:
    """Publish several messages in one call."""
    if kind.name not in {"kafka", "confluent", "redis-list"}:
        log.append(NONE)
        return

    @kind.subscriber(broker, "orders")
    async def handle(body: str, message: Any = Context("message")) -> None:
        log.append((body, seen(message)))

    async with _test_broker(broker)(broker):
        await outcome(
            log, broker.publish_batch("a", {"b": 1}, **{kind.sent_to: "orders"})
        )


async def handle_batch(kind: Kind, broker: Any, log: Log) -> None:
    """Handle several messages in one call."""
    if kind.name not in {"kafka", "confluent", "nats", "redis-list", "redis-stream"}:
        log.append(NONE)
        return

    @batch_subscriber(kind, broker)
    async def handle(bodies: Any, message: Any = Context("message")) -> None:
        log.append((bodies, message.batch_headers, message.committed))

    async with _test_broker(broker)(broker):
        headers = [
            {"correlation_id": "c-1", "tenant": "acme"},
            {"correlation_id": "c-2"},
        ]
        message = await raw(kind, [b"a", b"b"], headers)
        await outcome(log, handling(broker).process_message(message))


async def fastapi(kind: Kind, broker: Any, log: Log) -> None:
    """Handle on a router of FastAPI, and publish on."""
    router = fastapi_router(kind, middlewares=broker.middlewares)

    @kind.subscriber(router, "orders")
    @kind.publisher(router, "next")
    async def handle(body: str) -> str:
        log.append(body)
        if body == "fail":
            raise ValueError(body)
        return body.upper()

    @kind.subscriber(router, "next")
    def next_handler(body: str) -> None:
        log.append(body)

    app = FastAPI()
    app.include_router(router)
    async with _test_broker(router.broker)(router.broker):
        for body in ("hello", "fail"):
            await outcome(log, kind.publish(router.broker, body, "orders"))
        answer = await outcome(log, kind.request(router.broker, "ask", "orders"))
        log.append(await answer.decode())


OPERATIONS = (
    publish,
    once,
    chain,
    request,
    errors,
    acknowledge,
    routers,
    batch,
    handle_batch,
    fastapi,
)


@every_kind
@pytest.mark.filterwarnings("ignore:The integration has been moved")
@pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda operation: operation.__name__
)
@pytest.mark.parametrize("telemetry", [None, {}, EVERYTHING], ids=["api", "sdk", "all"])
def test_nothing_changes(
    kind: Kind, operation: Any, telemetry: dict[str, Any] | None
) -> None:
    """Handlers see the same, and calls end the same."""
    untouched: Log = []
    asyncio.run(operation(kind, kind.broker(), untouched))
    traced: Log = []
    options = (
        {} if telemetry is None else {**telemetry, "tracer_provider": TracerProvider()}
    )
    broker = kind.broker(middlewares=[kind.middleware(**options)])
    asyncio.run(operation(kind, broker, traced))
    assert traced == untouched
    assert untouched, "the operation noted nothing"


def test_the_comparison_can_fail() -> None:
    """A middleware that changes one header is found."""
    from faststream import BaseMiddleware

    class Meddle(BaseMiddleware[Any, Any]):
        async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
            cmd.headers = {**cmd.headers, "meddled": "1"}
            return await call_next(cmd)

    kind = KINDS[0]
    untouched: Log = []
    meddled: Log = []
    asyncio.run(publish(kind, kind.broker(), untouched))
    asyncio.run(publish(kind, kind.broker(middlewares=[Meddle]), meddled))
    assert meddled != untouched
