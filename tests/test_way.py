"""The way of a message from FastStream's call to the SDK, as CONTRIBUTING draws it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

import faststream_otel
from faststream_otel.testing._deliveries import _test_broker
from tests.kinds import Kind, every_kind

if TYPE_CHECKING:
    from types import FrameType

PACKAGE = Path(faststream_otel.__file__).parent
CONTRIBUTING = (PACKAGE.parent / "CONTRIBUTING.md").read_text()
MOST = {"published": 6, "delivered": 9}


def ways(kind: Kind) -> dict[str, list[str]]:
    """Follow one message, and give the files that it passes until each span begins."""
    passed: list[str] = []
    found: list[list[str]] = []

    def follow(frame: FrameType, event: str, _: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event != "call":
            return
        if path.parent == PACKAGE:
            if passed[-1:] != [path.stem]:
                passed.append(path.stem)
        elif frame.f_code.co_name == "start_span" and passed:
            found.append(passed.copy())
            passed.clear()

    provider = TracerProvider(shutdown_on_exit=False)
    broker = kind.broker(middlewares=[kind.middleware(tracer_provider=provider)])

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    async def main() -> None:
        async with _test_broker(broker)(broker):
            # What is made once per destination is made by the first message.
            await kind.publish(broker, "x", "orders")
            sys.setprofile(follow)
            await kind.publish(broker, "x", "orders", headers={"tenant": "acme"})
            sys.setprofile(None)

    asyncio.run(main())
    published, delivered = found[:2]
    # A test broker delivers inside the call that publishes.
    return {
        "published": published,
        "delivered": delivered[delivered.index("_delivery") :],
    }


@every_kind
@pytest.mark.parametrize("way", MOST)
def test_few_files(kind: Kind, way: str) -> None:
    """A reader who follows a message moves seldom from file to file."""
    moves = ways(kind)[way]
    assert len(moves) <= MOST[way], " > ".join(moves)


@every_kind
@pytest.mark.parametrize("way", MOST)
def test_the_drawing(kind: Kind, way: str) -> None:
    """CONTRIBUTING names each file that a message passes."""
    (line,) = (each for each in CONTRIBUTING.splitlines() if each.startswith(way))
    broker = kind.middleware.__module__.rpartition(".")[2]
    moves = [each for each in ways(kind)[way] if each not in {broker, "_kafka"}]
    drawn = [each.strip("` ()") for each in line.split("→")]
    places = [drawn.index(each) for each in moves if each in drawn]
    assert len(places) == len(moves), set(moves) - set(drawn)
