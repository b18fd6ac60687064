"""The shop on MQTT 5. It has no batches: receipts come one by one."""

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from faststream.mqtt import MQTTBroker, QoS

from faststream_otel.mqtt import MQTTTelemetryMiddleware

host = os.getenv("SHOP_BROKER_HOST", "127.0.0.1")
broker = MQTTBroker(
    f"mqtt://{host}:1883",
    logger=logging.getLogger(__name__),
    middlewares=[MQTTTelemetryMiddleware()],  # MQTT tells no times: no queue time
)


def subscriber(name: str) -> Any:
    return broker.subscriber(name, qos=QoS.AT_LEAST_ONCE, shared="shop")


def batches(name: str) -> Any:
    return subscriber(name)


def publisher(name: str) -> Any:
    return broker.publisher(name, qos=QoS.AT_LEAST_ONCE)


def answering(name: str) -> Any:
    return broker.subscriber(name, shared="shop")


def asking(name: str) -> Callable[[str], Awaitable[Any]]:
    async def ask(question: str) -> Any:
        answer = await broker.request(question, name, timeout=2)
        return await answer.decode()

    return ask
