"""Batches, as the clients deliver them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faststream import confluent, kafka, nats, redis

if TYPE_CHECKING:
    from guide.kinds import Kind


async def raw(kind: Kind, bodies: list[bytes], headers: list[dict[str, str]]) -> Any:
    """Make what the client of `kind` delivers as a batch."""
    pairs = list(zip(bodies, headers, strict=True))
    if kind.name == "kafka":
        return [
            await kafka.testing.build_message(
                body, "orders", headers=head, key=b"k%d" % i, serializer=None
            )
            for i, (body, head) in enumerate(pairs)
        ]
    if kind.name == "confluent":
        return tuple(
            [
                await confluent.testing.build_message(
                    body, "orders", headers=head, correlation_id="c", serializer=None
                )
                for body, head in pairs
            ]
        )
    if kind.name == "nats":
        return [
            await nats.testing.build_message(body, "orders", headers=head)
            for body, head in pairs
        ]
    data = [
        await redis.parser.BinaryMessageFormatV1.encode(
            message=body, reply_to=None, headers=head, correlation_id="c"
        )
        for body, head in pairs
    ]
    if kind.name == "redis-list":
        return {"type": "blist", "channel": "orders", "data": data}
    return {
        "type": "bstream",
        "channel": "orders",
        "data": [{b"__data__": one} for one in data],
        "message_ids": [],
    }
