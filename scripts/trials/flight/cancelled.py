"""Publishing and handling are cancelled, at each step."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace

from cost.contenders import KINDS, OURS, Kind
from trials.beside import bare_and_ours
from trials.recorded import Kept
from trials.trial import Scenario

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trials.trial import Trial

_STEPS: Final = 60


def cancelled(name: str, contender: str) -> dict[str, Any]:
    """Cancel publishing and handling at each step, once and twice."""
    return asyncio.run(_cancelled(KINDS[name], contender))


async def _cancelled(kind: Kind, contender: str) -> dict[str, Any]:
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
    bare, ours = bare_and_ours(cancelled, name=name)
    different = sum(a != b for a, b in zip(bare["told"], ours["told"], strict=True))
    endings = {log[-2] for log in bare["told"]}
    handling = any(log[:3] == ["began", "left", "cancelled"] for log in bare["told"])
    trial.check(
        "cancellations after which something differs from bare",
        "none",
        f"{different} of {len(bare['told'])}",
        holds=different == 0 and endings >= {"cancelled", "done"} and handling,
    )
    trial.check(
        "spans that were never ended",
        "none",
        f"{ours['open']} of {ours['spans']}",
        holds=ours["open"] == 0 < ours["spans"],
    )


SCENARIOS: Final = tuple(
    Scenario(
        f"flight/{name}/cancelled",
        "publishing and handling are cancelled, at each step, once and twice",
        partial(_cancelling, name),
    )
    for name in KINDS
)
