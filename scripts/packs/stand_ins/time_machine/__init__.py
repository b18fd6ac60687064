"""Time travel as `guide.fresh` uses it, in the time that a program slept.

The real one changes Python's own functions in C.
"""

from __future__ import annotations

import contextlib
import time
from datetime import datetime
from typing import TYPE_CHECKING
from unittest import mock

from inside import machine

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def travel(destination: str, *, tick: bool) -> Iterator[None]:
    """Let `time` begin at a moment, and go on by what the program sleeps."""
    begin = int(datetime.fromisoformat(destination).timestamp())

    def time_ns() -> int:
        return begin * 1_000_000_000 + round(machine.passed() * 1_000_000_000)

    with mock.patch.multiple(time, time=lambda: time_ns() / 1e9, time_ns=time_ns):
        yield
