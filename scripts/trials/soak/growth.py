"""What grows while a service runs, beside what grows without telemetry."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any, Final

from cost.memory import resident

if TYPE_CHECKING:
    from trials.trial import Trial

# So much may memory and the number of objects grow after the first tenth.
_MEMORY: Final = 5_000_000
_OBJECTS: Final = 500
# More than those that a client has.
_TIMERS: Final = 10_000
_LONG: Final = 3600.0


class Growth:
    """Looks at memory and objects of this process, after a tenth and at the end."""

    def __init__(self) -> None:
        self._looks: list[tuple[int, int]] = []

    def look(self) -> None:
        """Collect garbage, and see what is left."""
        self._looks.append((resident(), len(gc.get_objects())))

    def seen(self) -> dict[str, int]:
        """Give by how much they grew, as `flat` takes it."""
        (memory, objects), (memory_then, objects_then) = self._looks
        return {"grown": memory_then - memory, "objects": objects_then - objects}


async def forget_timers() -> None:
    """Let the event loop forget the timers that were cancelled.

    It does so once more than a hundred wait, most of them cancelled. Until then each
    keeps the context that it was made in, with the span that was current there.
    """
    loop = asyncio.get_running_loop()
    for _ in range(_TIMERS):
        loop.call_later(_LONG, _nothing).cancel()
    await asyncio.sleep(0)


def _nothing() -> None: ...


def flat(trial: Trial, bare: dict[str, Any], seen: dict[str, Any]) -> None:
    """Look at memory and objects: `grown` and `objects` of a process."""
    trial.check(
        "memory after the first tenth",
        f"grows by at most {_MEMORY / 1e6:g} MB more than bare",
        f"{seen['grown'] / 1e6:.1f} MB",
        holds=seen["grown"] <= bare["grown"] + _MEMORY,
        rank=seen["grown"] - bare["grown"],
        bare=f"{bare['grown'] / 1e6:.1f} MB",
    )
    trial.check(
        "Python's objects after the first tenth",
        f"at most {_OBJECTS} more than bare",
        f"{seen['objects']:,}",
        holds=seen["objects"] <= bare["objects"] + _OBJECTS,
        rank=seen["objects"] - bare["objects"],
        bare=f"{bare['objects']:,}",
    )
