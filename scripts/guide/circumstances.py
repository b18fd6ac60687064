"""What happens to the messages of a step's program, where it is not what should."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import selectors
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from faststream.exceptions import HandlerException

from faststream_otel.testing import Deliveries, SpanRecorder, Trace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator


@dataclass(frozen=True)
class Circumstances:
    """How a broker and a backend treat what a program sends.

    Args:
        of: The step whose program it is, if another step shows the same one.
        fails: What a handler raises, as its page says.
        waits: How long each message waits in the broker, in seconds.
        loses: The destination whose messages are never delivered.
        unseen: The spans that the backend never gets, by their names.
    """

    of: str = ""
    fails: type[Exception] | None = None
    waits: float = 0
    loses: str = ""
    unseen: frozenset[str] = frozenset()

    @contextlib.contextmanager
    def arranged(self) -> Iterator[None]:
        """Let the brokers in memory deliver so."""
        sending, handling = Deliveries._sending, Deliveries._handle

        def arranged(
            deliveries: Deliveries, send: Callable[[Any], Coroutine[Any, Any, Any]]
        ) -> Callable[[Any], Any]:
            publish = sending(deliveries, send)

            @functools.wraps(publish)
            async def publish_or_lose(cmd: Any) -> None:
                if not self.loses or self.loses not in destinations(cmd):
                    await publish(cmd)

            return publish_or_lose

        async def handle(
            deliveries: Deliveries,
            process: Callable[[Any], Awaitable[Any]],
            subscriber: Any,
            msg: Any,
        ) -> Any:
            if self.waits:
                await asyncio.sleep(self.waits)
            return await handling(deliveries, process, subscriber, msg)

        with mock.patch.multiple(Deliveries, _sending=arranged, _handle=handle):
            yield

    def check(self, errors: list[BaseException]) -> None:
        """Raise what handlers raised, unless it is what the page says."""
        # A decision is raised too, and with a server nobody sees it.
        errors = [each for each in errors if not isinstance(each, HandlerException)]
        for error in errors:
            if self.fails is None or not isinstance(error, self.fails):
                raise error
        if self.fails is not None and not errors:
            raise AssertionError(f"no {self.fails.__name__} was raised")

    def seen(self, trace: Trace) -> Trace:
        """Give the part of a trace that the backend gets."""
        names = {span.name for span in trace.spans}
        assert names >= self.unseen, f"no spans {self.unseen - names}"
        return Trace(
            tuple(each for each in trace.spans if each.name not in self.unseen)
        )


def destinations(cmd: Any) -> set[str]:
    """Where a message is sent: an exchange of RabbitMQ need not have a routing key."""
    exchange = getattr(cmd, "exchange", None)
    return {cmd.destination, getattr(exchange, "name", "")}


AS_THEY_SHOULD_BE: Final = Circumstances()


class _Selector(selectors.DefaultSelector):
    """Waits for no timer: the time until it is due has then passed."""

    passed = 0.0
    threads = 0  # that are at work: for them it waits

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or (timeout and self.threads):
            return super().select()
        ready = super().select(0)
        if not ready:
            self.passed += timeout
        return ready


class TimedRecorder(SpanRecorder):
    """Gives the same trace for the same run, in the time of a clock."""

    def __init__(self, clock: Iterator[int]) -> None:
        super().__init__(reproducible=True)
        self._ticks = clock


class Clock:
    """Tells the same times on each run, and has an event loop that keeps to them.

    It ticks once a millisecond each time it is asked, and sleeping takes as long as it
    says without anybody waiting.
    """

    def __init__(self) -> None:
        self._ticks = count()
        self._selector = _Selector()

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        return next(self._ticks) + round(self._selector.passed * 1000)

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine as `asyncio.run` does, in this clock's time."""
        loop = asyncio.SelectorEventLoop(self._selector)
        loop.time = lambda: self._selector.passed  # type: ignore[method-assign]
        self._wait_for_threads(loop)
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(main)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    def _wait_for_threads(self, loop: asyncio.AbstractEventLoop) -> None:
        run = loop.run_in_executor

        def ended(future: asyncio.Future[Any]) -> None:
            self._selector.threads -= 1

        def counted(*work: Any) -> asyncio.Future[Any]:
            future = run(*work)
            self._selector.threads += 1
            future.add_done_callback(ended)
            return future

        loop.run_in_executor = counted  # type: ignore[method-assign,assignment]
