"""What of a known number of messages is counted: a span per call and per delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trials.trial import Trial


def each(counts: dict[str, int]) -> str:
    """Give counts as a reader reads them."""
    return ", ".join(f"{value:,}" for value in counts.values())


def spans_ended(trial: Trial, seen: dict[str, Any], count: int) -> None:
    """Look at the spans that ended: `spans` of a process, by operation."""
    trial.check(
        "spans",
        "one per call and one per delivery",
        f"{each(seen['spans'])} for {count:,}",
        holds=seen["spans"] == {"publish": count, "process": count},
        rank=count,
    )


def spans_exported(trial: Trial, seen: dict[str, Any], count: int) -> None:
    """Look at what left the process: `started` and `exported` of it."""
    trial.check(
        "spans that the exporter got",
        "all",
        f"{seen['exported']:,} of {2 * count:,}",
        holds=seen["exported"] == seen["started"] == 2 * count,
        rank=count,
    )
