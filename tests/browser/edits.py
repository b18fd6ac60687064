"""Programs that a reader has changed, in the worker of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from guide.places import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.worker import Ran, Worker

FIRST: Final = (PROGRAMS / "nats" / "shortest.py").read_text()
NAME: Final = "nats/shortest.py"


def edited(worker: Worker, change: Callable[[str], str]) -> Ran:
    """Run a program with a change, which is one."""
    text = change(FIRST)
    assert text != FIRST
    done = worker.run(NAME, text)
    done.result["source"] = text
    return done


def with_line(line: str) -> Callable[[str], str]:
    """Add a line to the handler."""
    head = "import asyncio, threading, time\n" if "1 / 0" not in line else ""
    return lambda text: head + text.replace("    print(", f"    {line}\n    print(")
