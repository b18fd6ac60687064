"""A middleware that a message passes twice records it once."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from faststream_otel.testing import SpanRecorder, in_memory
from tests.hops import fetch, raw_message
from tests.kinds import Kind, every_kind
from tests.test_metrics import Meter, messages
from tests.test_spans import run, tree

if TYPE_CHECKING:
    from collections.abc import Callable

CHAIN = ["publish v1-a", "  process v1-a", "    publish v1-b", "      process v1-b"]


def same(kind: Kind, recorder: SpanRecorder, meter: Meter) -> list[list[Any]]:
    """One instance on both."""
    (middleware,) = kind.traced(
        recorder, telemetry={"meter_provider": meter.provider}
    ).middlewares
    return [[middleware], [middleware]]


def alike(kind: Kind, recorder: SpanRecorder, meter: Meter) -> list[list[Any]]:
    """Two instances with the same options."""
    (first,) = kind.traced(
        recorder, telemetry={"meter_provider": meter.provider}
    ).middlewares
    provider = first.telemetry.tracer_provider
    second = kind.middleware(tracer_provider=provider, meter_provider=meter.provider)
    return [[first], [second]]


def one_stack(kind: Kind, recorder: SpanRecorder, meter: Meter) -> list[list[Any]]:
    """Two in the list of one broker."""
    (first,), (second,) = alike(kind, recorder, meter)
    return [[first, second], []]


def different(kind: Kind, recorder: SpanRecorder, meter: Meter) -> list[list[Any]]:
    """Two instances that record in different places."""
    (first,), _ = alike(kind, recorder, meter)
    return [[first], [kind.middleware(capture_headers=["tenant"])]]


def serving(kind: Kind, stacks: list[list[Any]]) -> Any:
    """A broker with a router, each with its middlewares."""
    broker = kind.broker(middlewares=stacks[0])
    router = kind.router(prefix="v1-", middlewares=stacks[1])

    @kind.subscriber(router, "a")
    @kind.publisher(router, "b")
    async def first(body: str) -> str:
        return body

    @kind.subscriber(router, "b")
    async def second(body: str) -> None: ...

    broker.include_router(router)
    return broker


@every_kind
@pytest.mark.parametrize("made", [same, alike, one_stack, different])
def test_broker_and_router(
    kind: Kind, made: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Sent and handled once, counted once; different options are told of once."""
    recorder, meter = SpanRecorder(), Meter(shutdown_on_exit=False)
    broker = serving(kind, made(kind, recorder, meter))
    with caplog.at_level(logging.WARNING, "faststream_otel"):
        for _ in range(2):
            run(kind, broker, "x", "v1-a")
    assert tree(recorder.trace()) == CHAIN * 2
    assert messages(meter, "messaging.client.sent.messages") == {"publish": 4}
    assert messages(meter, "messaging.client.consumed.messages") == {"process": 4}
    told = [r.getMessage() for r in caplog.records if r.name == "faststream_otel"]
    assert len(told) == (made is different)
    assert all("different options" in line for line in told)


@every_kind
@pytest.mark.parametrize("made", [same, alike])
def test_requests_and_fetched_messages(kind: Kind, made: Callable[..., Any]) -> None:
    """Once as well, and each message that is fetched has its own."""
    recorder, meter = SpanRecorder(), Meter(shutdown_on_exit=False)
    broker = serving(kind, made(kind, recorder, meter))
    found = next(
        s for s in broker.subscribers if getattr(s.calls[0], "name", "") == "second"
    )

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await kind.request(broker, "x", "v1-a")
            await deliveries.settled()
            for _ in range(2):
                await fetch(found, await raw_message(kind, {}, name="fetched"))

    asyncio.run(main())
    names = [span.name for span in recorder.trace().spans]
    assert names.count("request v1-a") == 1
    assert names.count("process v1-a") == 1
    assert names.count("receive fetched") == 2


@every_kind
def test_hooks_are_called_once(kind: Kind) -> None:
    """That of the outermost middleware, which records the message."""
    called: list[str] = []

    def hooks(name: str) -> dict[str, Any]:
        return {
            "publish_hook": lambda span, command: called.append(f"{name} publish"),
            "consume_hook": lambda span, message: called.append(f"{name} consume"),
        }

    (outer,) = kind.traced(SpanRecorder(), telemetry=hooks("outer")).middlewares
    (inner,) = kind.traced(SpanRecorder(), telemetry=hooks("inner")).middlewares
    run(kind, serving(kind, [[outer], [inner]]), "x", "v1-b")
    assert called == ["outer publish", "outer consume"]
