"""The shop on Redis: streams keep what is sent, requests go over a channel."""

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from faststream.redis import RedisBroker, StreamSub

from faststream_otel.redis import RedisTelemetryMiddleware

host = os.getenv("SHOP_BROKER_HOST", "127.0.0.1")
broker = RedisBroker(
    f"redis://{host}:6379",
    logger=logging.getLogger(__name__),
    middlewares=[RedisTelemetryMiddleware(record_queue_time=True)],
)


def subscriber(name: str) -> Any:
    return broker.subscriber(stream=StreamSub(name, group="shop", consumer="shop-1"))


def batches(name: str) -> Any:
    stream = StreamSub(
        name, group="shop", consumer="shop-1", batch=True, max_records=10
    )
    return broker.subscriber(stream=stream)


def publisher(name: str) -> Any:
    return broker.publisher(stream=StreamSub(name, maxlen=10_000))


def answering(name: str) -> Any:
    return broker.subscriber(name)


def asking(name: str) -> Callable[[str], Awaitable[Any]]:
    async def ask(question: str) -> Any:
        answer = await broker.request(question, name, timeout=2)
        return await answer.decode()

    return ask
