"""What is delivered in memory is what servers deliver, as was measured on them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from faststream_otel.testing import in_memory
from tests.deliveries import SCENES
from tests.kinds import KINDS
from tests.test_batches import FASTSTREAM

if TYPE_CHECKING:
    from tests.kinds import Kind

OF = {kind.name: kind for kind in KINDS}
PLAYED = [
    pytest.param(name, OF[kind], id=f"{name}-{kind}")
    for name, (_, kinds) in SCENES.items()
    for kind in sorted(kinds)
]
# What handlers and publishers saw with the servers; tests/brokers/test_deliveries.py
# plays the same there, and compares.
SEEN: dict[str, Any] = {
    "buffer_that_is_used_again": [[{"items": [1]}, "acme"]],
    "body_that_is_read_once": [[1, 2], [0, 1, 2]],
    "bodies_of_all_types": [b"raw", "text", 3, [1], {"a": None}, ""],
    "body_that_cannot_be_encoded": ["PydanticSerializationError", "tea"],
    "sent_twice": [["tea"], ["tea"]],
    "batch": [b"x", "tea", {"n": 1}],
    "one_of_a_group": [0, 1, 2, 3],
    "each_group": [["first", "tea"], ["second", "tea"]],
    "failed": ["tea", "tea", "cake"],
    "request": [["tea"], {"price": [1]}, b"x", {"price": [1, 2]}],
}


AGAIN = {"kafka", "confluent", "rabbit", "nats"}


def expected(name: str, kind: Kind) -> Any:
    """What was seen with the server of a kind."""
    if name == "nacked":
        return ["tea", "tea", "cake"] if kind.name in AGAIN else ["tea", "cake"]
    return SEEN[name]


@pytest.mark.parametrize(("name", "kind"), PLAYED)
def test_in_memory(name: str, kind: Kind) -> None:
    """It is what was seen with a server."""
    if (name, kind.name) == ("batch", "redis-list") and FASTSTREAM < (0, 7, 8):
        pytest.skip("FastStream's test broker gives a list to who takes batches only")
    play, _ = SCENES[name]
    seen = asyncio.run(asyncio.wait_for(play(kind, in_memory, "orders"), 10))
    assert seen == expected(name, kind)
