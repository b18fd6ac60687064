"""Stands in for what a page has not: threads, sockets, and time to wait.

A thread runs when the program waits, an executor does its work at once, and sleeping
takes no time, but as much of the program's own clock as it says.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import concurrent.futures.thread
import contextlib
import importlib
import selectors
import sys
import threading
import time
from asyncio import events, runners
from collections import deque
from concurrent.futures import Executor, Future
from contextvars import Context, copy_context
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

from inside import missing
from inside.pipes import Servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Beyond these a program is taken for one that goes on for ever.
MOST_TURNS: Final = 50_000
MOST_DAYS: Final = 30
DAY: Final = 24 * 60 * 60


class EndlessError(BaseException):
    """The program would go on for ever; no program catches this by mistake."""


class Selector(selectors.BaseSelector):
    """Watches nothing: what is due next is due at once."""

    passed = 0.0
    # The one of the loop that runs.
    current: Selector | None = None

    def __init__(self) -> None:
        self.turns = 0
        Selector.current = self

    def select(self, timeout: float | None = None) -> list[Any]:
        self.turns += 1
        if self.turns > MOST_TURNS:
            raise EndlessError("The program goes on and on: it was stopped.")
        if stopped:
            raise EndlessError(stopped[0])
        check(self.passed)
        if timeout == 0:
            return []
        if not run_threads():
            wait(timeout)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> Any:
        raise OSError("There are no sockets in a browser.")

    def unregister(self, fileobj: Any) -> Any:
        raise KeyError(fileobj)

    def get_map(self) -> Any:
        return {}


# Why the program is to end, if it is.
stopped: list[str] = []


def passed() -> float:
    """The seconds that the program has slept."""
    return Selector.current.passed if Selector.current else 0.0


# When the program began, in seconds since 1970.
begin = time.time()


def now() -> float:
    """The time of day, in the program's clock."""
    return begin + passed()


# Milliseconds more, each time that spans ask for theirs, if somebody counts.
ticks: Iterator[int] = repeat(0)


def now_ns() -> int:
    """The same, in nanoseconds."""
    slept = round(passed() * 1_000_000_000) + next(ticks) * 1_000_000
    return round(begin) * 1_000_000_000 + slept


def wait(seconds: float | None) -> None:
    """Let time pass in the program's clock."""
    if seconds is None:
        raise EndlessError(
            "The program waits for something that does not happen: no message, timer "
            "or task is left. It was stopped."
        )
    selector = Selector.current or Selector()
    selector.passed += max(0.0, seconds)
    check(selector.passed)


def check(seconds: float) -> None:
    """End a program that sleeps on and on."""
    if seconds > MOST_DAYS * DAY:
        raise EndlessError(
            f"The program has slept for {MOST_DAYS} days of its own time, and goes on: "
            "it was stopped."
        )


class Loop(Servers):
    """An event loop in the program's own time, with itself alone."""

    def __init__(self, selector: Selector | None = None) -> None:
        super().__init__()
        self._selector = selector or Selector()

    def time(self) -> float:
        return self._selector.passed

    def run_forever(self) -> None:
        before, Selector.current = Selector.current, self._selector
        try:
            super().run_forever()
        finally:
            Selector.current = before

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        return asyncio.wrap_future(Inline().submit(func, *args), loop=self)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There is none."""

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody waits in another thread."""

    async def _make_subprocess_transport(self, *_: Any, **__: Any) -> None:
        missing.begin_process()


class Inline(Executor):
    """Does what is submitted at once, in a context of its own, as a thread would."""

    def __init__(self, *args: Any, **options: Any) -> None: ...

    def submit(self, fn: Any, /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(Context().run(fn, *args, **options))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing is left to do."""


async def run_sync(func: Any, *args: Any, **options: Any) -> Any:
    """Do what anyio does in a thread, which keeps the context."""
    return copy_context().run(func, *args)


# Threads that have been started, and have not run to their end.
_threads: deque[threading.Thread] = deque()
_running: list[threading.Thread] = []


class _WaitsError(BaseException):
    """A thread waits: what wakes it up cannot happen before it gives way."""


def start(thread: threading.Thread) -> None:
    """Let a thread run as soon as the program waits."""
    _threads.append(thread)


def join(thread: threading.Thread, timeout: float | None = None) -> None:
    """Run a thread that somebody waits for."""
    if thread in _threads:
        _threads.remove(thread)
        run_thread(thread)


def is_alive(thread: threading.Thread) -> bool:
    """Whether it has been started, and has not ended."""
    return thread in _threads or thread in _running


def run_threads() -> bool:
    """Run each thread that waits for its turn; those that wait themselves stay."""
    ran = False
    for thread in [] if _running else list(_threads):
        if isinstance(thread, threading.Timer) or getattr(thread, "waits", False):
            continue
        _threads.remove(thread)
        ran = run_thread(thread) or ran
    return ran


def run_thread(thread: threading.Thread) -> bool:
    """Run a thread; whether it came to its end. One that waits begins anew later."""
    _running.append(thread)
    try:
        # What it raises goes where that of a thread goes.
        Context().run(thread.run)
    except _WaitsError:
        thread.waits = True  # type: ignore[attr-defined]
        _threads.append(thread)
        return False
    except Exception as error:
        # From where the thread's own lines begin.
        begun = error.__traceback__ and error.__traceback__.tb_next
        its = (type(error), error.with_traceback(begun), begun)
        threading.excepthook(threading.ExceptHookArgs([*its, thread]))
    finally:
        _running.pop()
    return True


def wait_for_condition(
    condition: threading.Condition, timeout: float | None = None
) -> bool:
    """Wait for what a thread tells: then they run."""
    if _running:
        raise _WaitsError
    state = condition._release_save()  # type: ignore[attr-defined]
    try:
        ran = run_threads()
    finally:
        condition._acquire_restore(state)  # type: ignore[attr-defined]
    if not ran:
        wait(timeout)
    return ran


def install() -> None:
    """Put all of it in its place, before anything else is imported."""
    missing.install()
    sys.executable = "/usr/bin/python"
    for owner, name, stand_in in [
        (selectors, "DefaultSelector", Selector),
        (asyncio, "SelectorEventLoop", Loop),
        (asyncio, "new_event_loop", Loop),
        (asyncio, "run", runners.run),  # Pyodide has one of its own
        (events, "new_event_loop", Loop),
        (time, "sleep", wait),
        (time, "time", now),
        (time, "time_ns", now_ns),
        (concurrent.futures, "ThreadPoolExecutor", Inline),
        (concurrent.futures.thread, "ThreadPoolExecutor", Inline),
        (threading.Thread, "start", start),
        (threading.Thread, "join", join),
        (threading.Thread, "is_alive", is_alive),
        (threading.Condition, "wait", wait_for_condition),
    ]:
        setattr(owner, name, stand_in)
    anyio = importlib.import_module("anyio.to_thread")  # after all that
    anyio.run_sync = run_sync  # type: ignore[attr-defined]


@contextlib.contextmanager
def no_loop() -> Iterator[None]:
    """Let the program find no loop that runs: Pyodide's own always does."""
    own = events._get_running_loop()
    events._set_running_loop(None)
    try:
        yield
    finally:
        events._set_running_loop(own)
