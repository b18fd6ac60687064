"""Measures CPU time a message, on NATS in memory: for those who want seconds."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections import defaultdict
from multiprocessing import get_context

from cost.contenders import BARE, CONTENDERS, FLOOR, KINDS, MODES, OURS, OWN

_WARM_UP = 50


def measure(rounds: int, messages: int) -> None:
    """Measure in turns, and show the medians.

    Args:
        rounds: How many turns of each contender.
        messages: How many messages a turn.
    """
    print(f"{'µs a message, NATS':22} {FLOOR:>7} {OWN:>7} {OURS:>7}  of floor  of own")
    for mode in MODES:
        turns: defaultdict[str, list[float]] = defaultdict(list)
        for _ in range(rounds):
            once = {name: _apart(mode, name, messages) for name in CONTENDERS}
            for name, cost in once.items():
                turns[name].append(cost - once[BARE])
        floor, own, ours = (statistics.median(turns[it]) for it in (FLOOR, OWN, OURS))
        print(
            f"{mode:22} {floor:7.1f} {own:7.1f} {ours:7.1f}  "
            f"{ours / floor:8.2f}  {ours / own:6.2f}",
            flush=True,
        )


def _apart(mode: str, contender: str, messages: int) -> float:
    """Measure in a process of its own: ours wraps a method of FastStream's."""
    with get_context("fork").Pool(1) as pool:
        return pool.apply(_turn, (mode, contender, messages))


def _turn(mode: str, contender: str, messages: int) -> float:
    return asyncio.run(_microseconds(mode, contender, messages))


async def _microseconds(mode: str, contender: str, messages: int) -> float:
    """Publish and handle messages; give the CPU time of one."""
    async with KINDS["nats"].running(contender, MODES[mode]()) as send:
        for _ in range(_WARM_UP):
            await send()
        gc.collect()
        began = time.process_time()
        for _ in range(messages):
            await send()
        return (time.process_time() - began) / messages * 1e6
