"""Many messages through a real server: all is counted, and nothing grows."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from guide.kinds import KINDS
from trials.beside import bare_and_ours
from trials.brokers.connecting import Connecting, quietly
from trials.brokers.shared import ONE_PER_SERVER, server_of, shared
from trials.soak.counted import each, spans_ended, spans_exported
from trials.soak.growth import Growth, flat, forget_timers
from trials.trial import Scenario

if TYPE_CHECKING:
    from trials.trial import Trial

# How many are under way at once.
_AT_ONCE: Final = 50
_PATIENCE: Final = 60.0
_LASTS: Final = 900.0


def passing(name: str, contender: str, port: int, count: int) -> dict[str, Any]:
    """Publish messages and handle them, with metrics and a batch exporter."""
    return quietly(_passing(Connecting(name, contender, port), count))


async def _passing(made: Connecting, count: int) -> dict[str, Any]:
    broker, destination = made.broker(), f"soak-{uuid4().hex}"
    came = doubled = 0
    waiting: set[int] = set()
    empty = asyncio.Event()

    async def handle(body: str) -> None:
        nonlocal came, doubled
        came += 1
        number = int(body)
        doubled += number not in waiting
        waiting.discard(number)
        if not waiting:
            empty.set()

    made.subscribe(broker, destination, handle)
    growth = Growth()
    async with broker:
        await broker.start()
        for first in range(0, count, _AT_ONCE):
            numbers = range(first, first + _AT_ONCE)
            waiting |= set(numbers)
            empty.clear()
            async with asyncio.timeout(_PATIENCE):
                await asyncio.gather(
                    *(
                        made.kind.publish(broker, str(number), destination)
                        for number in numbers
                    )
                )
                await empty.wait()
            if first in {count // 10, count - _AT_ONCE}:
                made.recorded.flush()
                await forget_timers()
                growth.look()
    return {
        **made.seen(),
        "came": came,
        "doubled": doubled,
        **growth.seen(),
    }


def _soaked(name: str, trial: Trial) -> None:
    port, count = shared(name).port, 500 if trial.quick else 50_000
    bare, ours = bare_and_ours(
        passing, name=name, port=port, count=count, within=_LASTS
    )
    trial.check(
        "messages handled that go through a server",
        "each once",
        f"{ours['came']:,} of {count:,}",
        holds=ours["came"] == count and ours["doubled"] == 0,
        rank=count,
        bare=f"{bare['came']:,}",
    )
    spans_ended(trial, ours, count)
    spans_exported(trial, ours, count)
    trial.check(
        "what each metric counts",
        "each call or each delivery",
        each(ours["metrics"]),
        holds=len(ours["metrics"]) == 2 * len(ours["spans"])
        and set(ours["metrics"].values()) == {count},
        rank=count,
    )
    flat(trial, bare, ours)


SCENARIOS: Final = tuple(
    Scenario(
        f"soak/{kind.name}/server",
        "messages through a real server, for long",
        partial(_soaked, kind.name),
        quick=kind.name in ONE_PER_SERVER,
        needs=(server_of(kind.name),),
    )
    for kind in KINDS
)
