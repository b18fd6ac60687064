"""Time travel as `guide.fresh` uses it: the worker's clock stands at that moment.

The real one changes Python's own functions in C.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING
from unittest import mock

from inside import machine

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def travel(destination: str, *, tick: bool) -> Iterator[None]:
    """Let time begin at a moment, and go on by what the program sleeps."""
    begin = datetime.fromisoformat(destination).timestamp()
    with mock.patch.object(machine, "begin", begin):
        yield
