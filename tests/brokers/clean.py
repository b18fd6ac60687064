"""Takes away what a broker keeps, so that a test finds what a first run would."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from faststream.nats import NatsBroker
from faststream.rabbit import RabbitBroker
from faststream.redis import RedisBroker

if TYPE_CHECKING:
    from collections.abc import Collection

PATIENCE = 10.0  # seconds


def clean(broker: str, names: Collection[str]) -> None:
    """Take away the queues, topics, streams and lists that have these names."""
    if broker in {"kafka", "confluent"}:
        _clean_kafka(set(names))
    elif broker in CLEAN:
        asyncio.run(CLEAN[broker](names))


async def _clean_redis(names: Collection[str]) -> None:
    async with RedisBroker() as broker:
        connection: Any = broker._connection
        await connection.delete(*names)


async def _clean_rabbit(names: Collection[str]) -> None:
    async with RabbitBroker() as broker:
        connection: Any = broker._connection
        channel = await connection.channel()
        for name in names:
            await channel.queue_delete(name)


async def _clean_nats(names: Collection[str]) -> None:
    async with NatsBroker() as broker:
        connection: Any = broker._connection
        manager = connection.jetstream()
        for stream in await manager.streams_info():
            config: Any = stream.config
            bucket = str(config.name).removeprefix("KV_").removeprefix("OBJ_")
            if {config.name, bucket, *(config.subjects or ())} & set(names):
                await manager.delete_stream(config.name)


def _clean_kafka(names: set[str]) -> None:
    admin = AdminClient({"bootstrap.servers": "127.0.0.1:9092"})
    topics = names & set(admin.list_topics(timeout=PATIENCE).topics)
    groups = admin.list_consumer_groups(request_timeout=PATIENCE).result().valid
    # Whose members have just been killed is not empty yet.
    wanted = names | {"faststream-consumer-group"}
    known = [each.group_id for each in groups if each.group_id in wanted]
    futures = [
        *(admin.delete_topics([*topics]) if topics else {}).values(),
        *(admin.delete_consumer_groups(known) if known else {}).values(),
    ]
    for future in futures:
        with contextlib.suppress(KafkaException):
            future.result(PATIENCE)
    until = time.monotonic() + PATIENCE
    while topics & set(admin.list_topics(timeout=PATIENCE).topics):
        assert time.monotonic() < until, f"Kafka keeps {topics}"


CLEAN = {"redis": _clean_redis, "rabbit": _clean_rabbit, "nats": _clean_nats}
