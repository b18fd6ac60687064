"""Many messages at once, cancelled at any step, in several loops and after a fork."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace

from cost.contenders import BARE, OURS
from cost.contenders import KINDS as IN_MEMORY
from cost.contenders import Kind as InMemory
from faststream_otel.testing import in_memory
from guide.kinds import KINDS, Kind
from trials.apart import apart
from trials.recorded import Kept
from trials.trial import Scenario

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from opentelemetry.sdk.trace import ReadableSpan

    from trials.trial import Trial

_OF: Final = {kind.name: kind for kind in KINDS}
_STEPS: Final = 60


def _traced(kind: Kind, kept: Kept, **options: Any) -> Any:
    middleware = kind.middleware(
        tracer_provider=kept.provider,
        publish_hook=lambda span, command: span.set_attribute("body", command.body),
        **options,
    )
    return kind.broker(middlewares=[middleware], logger=None)


def together(name: str, count: int, how: str) -> dict[str, Any]:
    """Have many messages in flight at once."""
    return asyncio.run(_together(_OF[name], count, how))


async def _together(kind: Kind, count: int, how: str) -> dict[str, Any]:
    kept = Kept()
    broker = _traced(kind, kept)
    waiting, all_came = 0, asyncio.Event()

    def note(body: str) -> None:
        trace.get_current_span().set_attribute("body", body)

    async def handle(body: str) -> None:
        nonlocal waiting
        waiting += 1
        if waiting == count:
            all_came.set()
        await all_came.wait()
        note(body)

    async def in_group(body: str) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(handle(body))

    def in_thread(body: str) -> None:
        note(body)

    handler = {"async": handle, "group": in_group, "thread": in_thread}[how]
    kind.subscriber(broker, "orders", **_at_once(kind))(handler)
    async with in_memory(broker):
        await asyncio.gather(
            *(kind.publish(broker, f"m{number}", "orders") for number in range(count))
        )
    return {"spans": len(kept.spans), "wrong": _wrong(kept.spans)}


def _at_once(kind: Kind) -> dict[str, Any]:
    # Else it handles one message after the other.
    return {"max_workers": 100_000} if kind.name in {"nats", "redis-stream"} else {}


def _wrong(spans: Iterable[ReadableSpan]) -> int:
    """Count the process spans that are no child of their own message's publishing."""
    published = {
        span.context.span_id: span
        for span in spans
        if span.name.startswith("publish") and span.context
    }
    wrong = 0
    for span in spans:
        if span.name.startswith("process"):
            parent = published.get(span.parent.span_id) if span.parent else None
            mine = (span.attributes or {}).get("body")
            wrong += parent is None or (parent.attributes or {}).get("body") != mine
    return wrong


def _in_flight(name: str, how: str, trial: Trial) -> None:
    for count in (300,) if trial.quick else (1_000, 10_000):
        seen = apart(together, name=name, count=count, how=how, within=600)
        trial.check(
            f"spans of {count:,} messages",
            f"{2 * count:,}",
            f"{seen['spans']:,}",
            holds=seen["spans"] == 2 * count,
        )
        trial.check(
            "process spans that are not under their own message",
            "none",
            seen["wrong"],
            holds=seen["wrong"] == 0,
        )


def cancelled(name: str, contender: str) -> dict[str, Any]:
    """Cancel publishing and handling at each step, once and twice."""
    return asyncio.run(_cancelled(IN_MEMORY[name], contender))


async def _cancelled(kind: InMemory, contender: str) -> dict[str, Any]:
    kept, told = Kept(), []
    provider = kept.provider
    for times in (1, 2):
        for step in range(_STEPS):
            middlewares = []
            if contender == OURS:
                middlewares = [kind.ours(tracer_provider=provider, settle_spans=True)]
            broker = kind.broker(middlewares)
            log: list[str] = []
            broker.subscriber("orders")(_slow(log))
            # FastStream's own, whose publishing is handling, too.
            async with kind.in_memory(broker):
                task = asyncio.create_task(broker.publish("x", "orders"))
                await _after(step, task, times)
                log.append(await _ended(task))
                log.append(str(trace.get_current_span().get_span_context().is_valid))
            told.append(log)
    return {"told": told, "open": kept.open, "spans": kept.started}


def _slow(log: list[str]) -> Callable[[str], Awaitable[None]]:
    async def handle(body: str) -> None:
        log.append("began")
        try:
            for _ in range(5):
                await asyncio.sleep(0)
        finally:
            log.append("left")

    return handle


async def _after(step: int, task: asyncio.Task[Any], times: int) -> None:
    for _ in range(step):
        await asyncio.sleep(0)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)


async def _ended(task: asyncio.Task[Any]) -> str:
    try:
        await task
    except asyncio.CancelledError:
        return "cancelled"
    except Exception as error:
        return type(error).__name__
    return "done"


def _cancelling(name: str, trial: Trial) -> None:
    bare, ours = (apart(cancelled, name=name, contender=who) for who in (BARE, OURS))
    different = sum(a != b for a, b in zip(bare["told"], ours["told"], strict=True))
    endings = {log[-2] for log in bare["told"]}
    handling = any(log[:3] == ["began", "left", "cancelled"] for log in bare["told"])
    trial.check(
        f"what differs from bare, of {len(bare['told'])} cancellations",
        "nothing",
        different,
        holds=different == 0 and endings >= {"cancelled", "done"} and handling,
    )
    trial.check(
        "spans that were never ended",
        "none",
        f"{ours['open']} of {ours['spans']}",
        holds=ours["open"] == 0 < ours["spans"],
    )


def loops(name: str, count: int) -> dict[str, Any]:
    """Run brokers in event loops of three threads."""
    kept = Kept()
    threads = [
        Thread(target=lambda: asyncio.run(_one_loop(_OF[name], kept, count)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"spans": len(kept.spans), "wrong": _wrong(kept.spans)}


async def _one_loop(kind: Kind, kept: Kept, count: int) -> None:
    broker = _traced(kind, kept)

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
    trial.check(
        "spans",
        f"{6 * count:,}",
        f"{seen['spans']:,}",
        holds=seen["spans"] == 6 * count,
    )
    trial.check(
        "process spans that are not under their own message",
        "none",
        seen["wrong"],
        holds=seen["wrong"] == 0,
    )


def forked(name: str, count: int) -> dict[str, Any]:
    """Make all, fork, and handle messages in the child."""
    kept = Kept()
    kind = _OF[name]
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
        "spans of the child",
        f"{2 * count:,}",
        f"{seen['spans']:,}",
        holds=(seen["spans"], seen["status"]) == (2 * count, 0),
    )


_HOW: Final = {
    "async": "asynchronous handlers",
    "group": "handlers with a TaskGroup",
    "thread": "handlers that run in threads",
}

SCENARIOS: Final = (
    *(
        Scenario(
            f"flight/{name}/{how}",
            f"many messages in flight at once, {told}",
            partial(_in_flight, name, how),
            quick=name in {"nats", "kafka"},
        )
        for name in _OF
        for how, told in _HOW.items()
    ),
    *(
        Scenario(
            f"flight/{name}/cancelled",
            "publishing and handling are cancelled, at each step, once and twice",
            partial(_cancelling, name),
        )
        for name in IN_MEMORY
    ),
    Scenario("flight/loops", "event loops in three threads", _three_loops),
    Scenario("flight/fork", "a fork after all has been set up", _forking),
)
