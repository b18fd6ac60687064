"""What grows while a service runs, beside what grows without telemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from trials.trial import Trial

# So much may memory and the number of objects grow after the first tenth.
_MEMORY: Final = 5_000_000
_OBJECTS: Final = 500


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
