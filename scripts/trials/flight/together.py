"""Many messages in flight at once."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from faststream import Depends
from opentelemetry import trace

from faststream_otel.testing import in_memory
from trials.apart import apart
from trials.brokers.connecting import OF
from trials.recorded import Kept
from trials.trial import Scenario

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from opentelemetry.sdk.trace import ReadableSpan

    from guide.kinds import Kind
    from trials.trial import Trial


def traced(kind: Kind, kept: Kept) -> Any:
    """Make a broker whose publish spans have the body."""
    return kind.broker(middlewares=[middleware(kind, kept)], logger=None)


def middleware(kind: Kind, kept: Kept) -> Any:
    """Make a middleware whose publish spans have the body."""
    return kind.middleware(
        tracer_provider=kept.provider,
        publish_hook=lambda span, command: span.set_attribute("body", command.body),
    )


def together(name: str, count: int, how: str) -> dict[str, Any]:
    """Have many messages in flight at once."""
    return asyncio.run(_together(OF[name], count, how))


async def _together(kind: Kind, count: int, how: str) -> dict[str, Any]:
    kept = Kept()
    broker = traced(kind, kept)
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

    async def with_generators(
        body: str, one: Any = Depends(_opened), two: Any = Depends(_opened_in_thread)
    ) -> None:
        await handle(body)

    handler = {
        "async": handle,
        "group": in_group,
        "thread": in_thread,
        "generators": with_generators,
    }[how]
    kind.subscriber(broker, "orders", **at_once(kind))(handler)
    async with in_memory(broker):
        await asyncio.gather(
            *(kind.publish(broker, f"m{number}", "orders") for number in range(count))
        )
    return {"spans": len(kept.spans), "wrong": misplaced(kept.spans)}


async def _opened() -> AsyncIterator[None]:
    """Have the same span before the handler and after it."""
    own = trace.get_current_span()
    yield
    if trace.get_current_span() is not own:
        own.set_attribute("body", "another's")


def _opened_in_thread() -> Iterator[None]:
    """Likewise."""
    own = trace.get_current_span()
    yield
    if trace.get_current_span() is not own:
        own.set_attribute("body", "another's")


def at_once(kind: Kind) -> dict[str, Any]:
    """Give what a subscriber needs to handle messages at once."""
    # Else it handles one message after the other.
    return {"max_workers": 100_000} if kind.name in {"nats", "redis-stream"} else {}


def misplaced(spans: Iterable[ReadableSpan]) -> int:
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


def in_place(trial: Trial, count: int, seen: dict[str, Any]) -> None:
    """See that so many messages have two spans each, under their own message."""
    trial.check(
        "spans of messages in flight at once",
        "two for each",
        f"{seen['spans']:,} for {count:,}",
        holds=seen["spans"] == 2 * count,
        rank=count,
    )
    trial.check(
        "process spans that are not under their own message",
        "none",
        seen["wrong"],
        holds=seen["wrong"] == 0,
    )


def _in_flight(name: str, how: str, trial: Trial) -> None:
    for count in (300,) if trial.quick else (1_000, 10_000):
        seen = apart(together, name=name, count=count, how=how, within=600)
        in_place(trial, count, seen)


_HOW: Final = {
    "async": "asynchronous handlers",
    "group": "handlers with a TaskGroup",
    "thread": "handlers that run in threads",
    "generators": "handlers whose dependencies are generators",
}

SCENARIOS: Final = tuple(
    Scenario(
        f"flight/{name}/{how}",
        f"many messages in flight at once, {told}",
        partial(_in_flight, name, how),
        quick=name in {"nats", "kafka"},
    )
    for name in OF
    for how, told in _HOW.items()
)
