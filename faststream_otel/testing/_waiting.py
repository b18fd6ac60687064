"""Waits until a trace has a shape: a server delivers when it likes."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio

from faststream_otel._traces import expected as reading
from faststream_otel._traces.difference import difference
from faststream_otel._traces.format import clean, duration
from faststream_otel._traces.matching import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faststream_otel._traces.model import Trace
    from faststream_otel._traces.recorder import SpanRecorder

# Comparing takes a share of the time at the most, however often spans end.
_REST = 4


async def wait_for(
    spans: SpanRecorder, trace: Callable[[], Trace], expected: str, patience: float
) -> Trace:
    """Give the trace as soon as it has a shape.

    Args:
        spans: Tells when a span has ended.
        trace: Gives what was recorded so far.
        expected: The shape, as for `assert_trace`.
        patience: How long to wait, in seconds.

    Raises:
        AssertionError: It had another for so long.
    """
    __tracebackhide__ = True
    shape = reading.read(expected)
    least = sum(not each.is_anything for _, each in shape.lines)
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        # A span may end when its loop is closed.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(changed.set)

    found = trace()
    with spans.telling(tell), anyio.move_on_after(patience):
        while True:
            changed.clear()
            begin = time.perf_counter()
            found = trace()
            if len(found.spans) >= least and matches(found, shape):
                return found
            await asyncio.sleep((time.perf_counter() - begin) * _REST)
            await changed.wait()
    lines = [
        f"the trace still had a different shape after {patience:g} s",
        difference(found, shape),
        *_open(spans),
    ]
    raise AssertionError("\n".join(lines))


def _open(spans: SpanRecorder) -> Iterator[str]:
    """The spans that have not ended, with how long they have been open."""
    found: list[Any] = list(spans.open())
    if not found:
        yield "all spans that began have ended"
        return
    yield "spans that have begun but not ended:"
    now = time.time_ns()
    for span in found:
        began = getattr(span, "start_time", None) or now
        kind = getattr(getattr(span, "kind", None), "name", "INTERNAL")
        yield f"  {clean(span.name)} [{kind}] for {duration(now - began)}"
