"""Counts what becomes of the cost where there is much of something."""

from __future__ import annotations

import asyncio
from multiprocessing import get_context
from typing import Any, Final

from cost.contenders import BARE, KINDS, MODES, OURS, OWN, log_of_tests
from cost.counting import instructions
from cost.memory import resident
from cost.scenes import SCALES

_MODE: Final = "all sampled + metrics"
_MESSAGES: Final = 200
# Memory after so many messages, and after so many more.
_FEW: Final = 10_000
_MANY: Final = 500_000
_ROUND: Final = 1_000


def measure(layouts: int) -> dict[str, Any]:
    """Count each scene, then look at memory.

    Returns:
        Instructions a message, by broker, scene and contender; and bytes, by contender:
        after few messages, and after many more.
    """
    print(f"Instructions a message over bare FastStream, {_MODE}.")
    print(f"{'':32}{OWN:>9}{OURS:>9}")
    counted: dict[str, dict[str, dict[str, int]]] = {}
    for broker, little, much in SCALES:
        over = counts(broker, little, much, layouts=layouts)
        for scene, of in over.items():
            counted.setdefault(broker, {})[scene] = {
                name: round(each) for name, each in of.items()
            }
            print(f"{broker:7}{scene:25}{of[OWN]:9,.0f}{of[OURS]:9,.0f}", flush=True)
        times = {name: over[much][name] / over[little][name] for name in (OWN, OURS)}
        print(f"{'':32}{times[OWN]:8.2f}x{times[OURS]:8.2f}x", flush=True)
    print(f"\nMemory after {_FEW:,} messages, and after {_MANY:,} more.")
    memory: dict[str, tuple[int, int]] = {}
    for name in (BARE, OURS):
        with get_context("fork").Pool(1) as pool:
            few, many = memory[name] = pool.apply(_memory, (name,))
        print(f"{name:7}{few / 1e6:8.1f} MB{many / 1e6:8.1f} MB", flush=True)
    return {"scale": counted, "memory": memory}


def counts(broker: str, *scenes: str, layouts: int = 1) -> dict[str, dict[str, float]]:
    """Count scenes, over bare FastStream, by scene and contender."""
    wanted = [(scene, _MODE, name) for scene in scenes for name in (BARE, OWN, OURS)]
    found = instructions(broker, wanted, messages=_MESSAGES, layouts=layouts)
    return {
        scene: {
            name: found[scene, _MODE, name] - found[scene, _MODE, BARE]
            for name in (OWN, OURS)
        }
        for scene in scenes
    }


def _memory(contender: str) -> tuple[int, int]:
    return asyncio.run(_resident(contender))


async def _resident(contender: str) -> tuple[int, int]:
    """Give the memory of this process after few messages and after many."""
    async with KINDS["nats"].running(contender, MODES[_MODE]()) as send:
        empty_log, sizes = log_of_tests(), []
        for messages in (_FEW, _MANY):
            for _ in range(messages // _ROUND):
                for _ in range(_ROUND):
                    await send()
                empty_log()
            sizes.append(resident())
        return sizes[0], sizes[1]
