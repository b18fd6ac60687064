"""Wait until a server answers: as long as it gets on, and not for ever."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers.processes import Process

PATIENCE = 30.0  # seconds without progress
LIMIT = 300.0  # seconds in all
NEWS = 10.0  # seconds between two lines that say what it waits for
LOOK = 0.25  # seconds between two looks at what was done
IDLE = 0.005  # of a core: what a program uses that only waits


@dataclass(frozen=True)
class Work:
    """What a server did since it was started."""

    cpu: float  # seconds
    log: int  # bytes

    def since(self, before: Work, seconds: float) -> bool:
        """Tell whether it got on: it wrote, or worked more than to wait takes."""
        return self.log != before.log or abs(self.cpu - before.cpu) > max(
            seconds * IDLE, 0.02
        )


def work(processes: list[Process], log: Path) -> Work:
    """Look at what the processes of a server used, and at its log."""
    size = log.stat().st_size if log.exists() else 0
    return Work(sum(process.cpu for process in processes), size)


def until_ready(
    name: str,
    where: str,
    ready: Callable[[], object],
    living: Callable[[], list[Process]] | None,
    log: Path,
) -> str:
    """Return when it is ready; if it will not be, say why.

    Without `living` nothing is known of what it does.
    """
    began = got_on = looked = told = time.monotonic()
    seen = work(living() if living else [], log)
    while not ready():
        time.sleep(0.02)
        now = time.monotonic()
        if now - looked >= LOOK:
            looked = now
            processes = living() if living else []
            if living and not processes:
                return "" if ready() else "it ended"
            done = work(processes, log)
            if done.since(seen, now - got_on):
                seen, got_on = done, now
            if now - told >= NEWS:
                told = now
                print(f"  {said(name, where, now - began, done, log)}", file=sys.stderr)
        if now - got_on > PATIENCE:
            return f"it did nothing for {PATIENCE:g} s"
        if now - began > LIMIT:
            return f"it did not answer on {where} within {LIMIT:g} s"
    return ""


def said(name: str, where: str, seconds: float, done: Work, log: Path) -> str:
    """Write what `up` waits for, and how far that is."""
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return (
        f"{name}: waiting for an answer on {where} since {seconds:.0f} s; "
        f"it used {done.cpu:.1f} s of CPU"
        + (f", and its log ends with: {last[:100]}" if last else "")
    )
