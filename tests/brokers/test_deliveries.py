"""The scenes that are played in memory, with real servers: handlers see the same."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.brokers.clean import clean
from tests.brokers.wire import connected
from tests.deliveries import SCENES
from tests.kinds import KINDS
from tests.test_deliveries import expected

if TYPE_CHECKING:
    from tests.kinds import Kind

OF = {kind.name: kind for kind in KINDS}
PLAYED = [
    pytest.param(
        name,
        OF[kind],
        id=f"{name}-{kind}",
        marks=pytest.mark.broker(kind.partition("-")[0]),
    )
    for name, (_, kinds) in SCENES.items()
    for kind in sorted(kinds)
]


@pytest.mark.parametrize(("name", "kind"), PLAYED)
def test_with_a_server(name: str, kind: Kind) -> None:
    """It is what is seen in memory."""
    play, _ = SCENES[name]
    destination = f"scene{uuid4().hex}"
    try:
        seen = asyncio.run(asyncio.wait_for(play(kind, connected, destination), 60))
    finally:
        clean(kind.name.partition("-")[0], [destination, "g", "h"])
    assert seen == expected(name, kind)
