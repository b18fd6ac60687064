"""The shop on RabbitMQ. FastStream has no batches for it: receipts come one by one."""

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from faststream.rabbit import RabbitBroker, RabbitQueue

from faststream_otel.rabbit import RabbitTelemetryMiddleware

host = os.getenv("SHOP_BROKER_HOST", "127.0.0.1")
broker = RabbitBroker(
    f"amqp://guest:guest@{host}:5672/",
    logger=logging.getLogger(__name__),
    middlewares=[RabbitTelemetryMiddleware(record_queue_time=True)],
)


def subscriber(name: str) -> Any:
    return broker.subscriber(RabbitQueue(name, durable=True))


def batches(name: str) -> Any:
    return subscriber(name)


def publisher(name: str) -> Any:
    return broker.publisher(RabbitQueue(name, durable=True), persist=True)


def answering(name: str) -> Any:
    return broker.subscriber(RabbitQueue(name, auto_delete=True))


def asking(name: str) -> Callable[[str], Awaitable[Any]]:
    async def ask(question: str) -> Any:
        answer = await broker.request(question, name, timeout=2, expiration=2)
        return await answer.decode()

    return ask
