"""The shop on Kafka, with Confluent's client."""

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from faststream import AckPolicy
from faststream.confluent import KafkaBroker

from faststream_otel.confluent import KafkaTelemetryMiddleware

from . import kafka_answers

host = os.getenv("SHOP_BROKER_HOST", "127.0.0.1")
broker = KafkaBroker(
    f"{host}:9092",
    logger=logging.getLogger(__name__),
    middlewares=[KafkaTelemetryMiddleware(record_queue_time=True)],
)


def subscriber(name: str, *, batch: bool = False) -> Any:
    return broker.subscriber(
        name,
        batch=batch,
        group_id=f"shop-{name}",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.ACK,
        fetch_max_wait_ms=50,
    )


def batches(name: str) -> Any:
    return subscriber(name, batch=True)


def publisher(name: str) -> Any:
    return broker.publisher(name)


answering = subscriber


def asking(name: str) -> Callable[[str], Awaitable[Any]]:
    return kafka_answers.asking(broker, subscriber, name)
