"""Several event loops, one that is closed, and a fork."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from contextlib import AsyncExitStack
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace

from faststream_otel.testing import in_memory
from trials.apart import apart
from trials.brokers.connecting import OF
from trials.flight.together import (
    at_once,
    in_place,
    middleware,
    misplaced,
    traced,
)
from trials.recorded import Kept
from trials.said import Said
from trials.trial import Scenario

if TYPE_CHECKING:
    from guide.kinds import Kind
    from trials.trial import Trial

# How many of each kind are closed.
_LOOPS: Final = 3


def loops(name: str, count: int) -> dict[str, Any]:
    """Run brokers in event loops of three threads."""
    kept = Kept()
    threads = [
        Thread(target=lambda: asyncio.run(_one_loop(OF[name], kept, count)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"spans": len(kept.spans), "wrong": misplaced(kept.spans)}


async def _one_loop(kind: Kind, kept: Kept, count: int) -> None:
    broker = traced(kind, kept)

    async def handle(body: str) -> None:
        await asyncio.sleep(0)
        trace.get_current_span().set_attribute("body", body)

    kind.subscriber(broker, "orders")(handle)
    async with in_memory(broker):
        for number in range(count):
            await kind.publish(broker, f"m{number}", "orders")


def _three_loops(trial: Trial) -> None:
    count = 100 if trial.quick else 5_000
    seen = apart(loops, name="nats", count=count)
    in_place(trial, 3 * count, seen)


def forked(name: str, count: int) -> dict[str, Any]:
    """Make all, fork, and handle messages in the child."""
    kept = Kept()
    kind = OF[name]
    asyncio.run(_one_loop(kind, kept, 1))
    reading, writing = os.pipe()
    if pid := os.fork():
        os.close(writing)
        with os.fdopen(reading) as file:
            told = file.read()
        _, status = os.waitpid(pid, 0)
        return {"spans": int(told or -1), "status": status}
    signal.alarm(60)
    before = len(kept.spans)
    asyncio.run(_one_loop(kind, kept, count))
    os.write(writing, str(len(kept.spans) - before).encode())
    os._exit(0)


def _forking(trial: Trial) -> None:
    count = 100 if trial.quick else 5_000
    seen = apart(forked, name="nats", count=count)
    trial.check(
        "spans of a child after a fork",
        "two per message",
        f"{seen['spans']:,} for {count:,}",
        holds=(seen["spans"], seen["status"]) == (2 * count, 0),
    )


def closed(name: str, count: int) -> dict[str, Any]:
    """Close loops with messages in flight: their tasks are cancelled, or forgotten."""
    said = Said()
    kept, kind = Kept(), OF[name]
    # One for all loops, as of an application that is run again.
    telemetry = middleware(kind, kept)
    for _ in range(_LOOPS):
        asyncio.run(_in_flight(kind, telemetry, count))
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda loop, context: None)
        loop.run_until_complete(_in_flight(kind, telemetry, count))
        loop.close()
        del loop
        gc.collect()
    left = kept.open
    before = len(kept.spans)
    asyncio.run(_one_loop(kind, kept, count))
    return {
        "cut": before,
        "open": left,
        "spans": len(kept.spans) - before,
        "wrong": misplaced(kept.spans[before:]),
        "lines": [text[:200] for text in said.texts],
    }


async def _in_flight(kind: Kind, telemetry: Any, count: int) -> None:
    """Return while handlers still wait."""
    broker = kind.broker(middlewares=[telemetry], logger=None)
    waiting, all_came = 0, asyncio.Event()

    async def handle(body: str) -> None:
        nonlocal waiting
        waiting += 1
        if waiting == count:
            all_came.set()
        await asyncio.Event().wait()

    kind.subscriber(broker, "orders", **at_once(kind))(handle)
    # Nobody leaves it.
    await AsyncExitStack().enter_async_context(in_memory(broker))
    for number in range(count):
        await kind.publish(broker, f"m{number}", "orders")
    await all_came.wait()


def _closing(trial: Trial) -> None:
    count = 50 if trial.quick else 1_000
    seen = apart(closed, name="nats", count=count)
    cut = 2 * _LOOPS * count
    trial.check(
        "spans of messages in flight when their loop was closed",
        "two for each, and all ended",
        f"{seen['cut']:,} for {cut:,}, {seen['open']} never ended",
        holds=(seen["cut"], seen["open"]) == (2 * cut, 0),
    )
    trial.check(
        "spans in the next loop",
        "two per message, under their own",
        f"{seen['spans']:,} for {count:,}, {seen['wrong']} elsewhere",
        holds=(seen["spans"], seen["wrong"]) == (2 * count, 0),
    )
    trial.check(
        "log lines of telemetry when loops are closed",
        "none",
        f"{len(seen['lines'])}{''.join(f'; {each}' for each in seen['lines'][:2])}",
        holds=not seen["lines"],
    )


SCENARIOS: Final = (
    Scenario("flight/loops", "event loops in three threads", _three_loops),
    Scenario("flight/closed", "a loop is closed with messages in flight", _closing),
    Scenario("flight/fork", "a fork after all has been set up", _forking),
)
