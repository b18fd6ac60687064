"""The shop on NATS: JetStream keeps what is sent, requests go over core NATS."""

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from faststream.nats import JStream, NatsBroker, PullSub

from faststream_otel.nats import NatsTelemetryMiddleware

host = os.getenv("SHOP_BROKER_HOST", "127.0.0.1")
broker = NatsBroker(
    f"nats://{host}:4222",
    logger=logging.getLogger(__name__),
    middlewares=[NatsTelemetryMiddleware(record_queue_time=True)],
)


def stream(name: str) -> JStream:
    return JStream(f"shop-{name}", subjects=[name])


def subscriber(name: str) -> Any:
    return broker.subscriber(name, stream=stream(name), durable=name, pull_sub=True)


def batches(name: str) -> Any:
    pull = PullSub(batch_size=10, timeout=1.0, batch=True)
    return broker.subscriber(name, stream=stream(name), durable=name, pull_sub=pull)


def publisher(name: str) -> Any:
    return broker.publisher(name, stream=stream(name))


def answering(name: str) -> Any:
    return broker.subscriber(name, queue=name)


def asking(name: str) -> Callable[[str], Awaitable[Any]]:
    async def ask(question: str) -> Any:
        answer = await broker.request(question, name, timeout=2)
        return await answer.decode()

    return ask
