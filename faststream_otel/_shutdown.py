"""Ends telemetry when a service stops, whichever server runs it."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING

from opentelemetry import _logs, metrics, trace

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED = "Shutting down %s failed. What had not been sent may be lost."

_logger = logging.getLogger("faststream_otel")


async def shutdown(timeout: float = 5.0) -> None:
    """Send the telemetry that is still in the queues, and shut the providers down.

    Shuts down the global providers of traces, metrics and logs at the same time, so
    that all three together take at most `timeout`. The event loop keeps running
    meanwhile. Call this last, when the brokers have stopped: in `after_shutdown` of an
    application, or at the end of a lifespan. Whatever is recorded later is lost.

    If telemetry cannot be sent in time, it is lost, and a warning is logged; nothing is
    raised. You can call this more than once: each provider is shut down only once, and
    a second call waits for the first. Only global providers are shut down. If you pass
    a provider of your own to a middleware, shut it down yourself.

    Args:
        timeout: The longest time to wait, in seconds.

    Raises:
        TypeError: `timeout` is not a number.
        ValueError: `timeout` is not positive, or not finite.
    """
    _check(timeout)
    endings = [each for each in _all_endings(timeout) if each.left() > 0]
    if not endings:
        return
    waiting = {asyncio.wrap_future(ending.done): ending for ending in endings}
    longest = max(ending.left() for ending in endings)
    try:
        _, late = await asyncio.wait(waiting, timeout=min(timeout, longest))
    finally:
        for each in waiting:
            # Its thread may outlive this loop, and then has nobody to tell.
            each.cancel()
    if late:
        _logger.warning(
            "Telemetry did not shut down within %g s. What had not been sent may be "
            "lost: %s.",
            timeout,
            ", ".join(sorted(waiting[each].signal for each in late)),
        )


def _check(timeout: float) -> None:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(
            f"timeout must be a number of seconds, not {type(timeout).__name__}"
        )
    if not 0 < timeout < math.inf:
        raise ValueError(
            f"timeout must be a positive and finite number of seconds, not {timeout!r}"
        )


@dataclass(frozen=True)
class _Ending:
    """The end of one provider, which has begun.

    Attributes:
        signal: What it provides for.
        provider: Kept, so that no other one can have its id.
        deadline: Until when anybody waits.
        done: Has a result when the provider has ended.
    """

    signal: str
    provider: object
    deadline: float
    done: Future[None] = field(default_factory=Future)

    def left(self) -> float:
        """How long to wait at most, from now on."""
        return self.deadline - monotonic()


_lock = Lock()
# By the id of the provider.
_endings: dict[int, _Ending] = {}


def _all_endings(timeout: float) -> list[_Ending]:
    """Begin to end each global provider that can be ended."""
    providers: dict[str, Callable[[], object]] = {
        "traces": trace.get_tracer_provider,
        "metrics": metrics.get_meter_provider,
        "logs": _logs.get_logger_provider,
    }
    endings = []
    for signal, provider_of in providers.items():
        try:
            endings += _endings_of(signal, provider_of(), timeout)
        except Exception:  # noqa: PERF203 - one that fails leaves the other two
            _logger.exception(FAILED, signal)
    return endings


def _endings_of(signal: str, provider: object, timeout: float) -> list[_Ending]:
    """Begin to end a provider, or give the end that has begun before."""
    # The providers that the API itself brings have neither, and nothing to send.
    end = getattr(provider, "shutdown", None) or getattr(provider, "force_flush", None)
    if end is None:
        return []
    with _lock:
        if id(provider) not in _endings:
            ending = _Ending(signal, provider, monotonic() + timeout)
            # From here on nobody can cancel it.
            ending.done.set_running_or_notify_cancel()
            # A process that ends does not wait for a daemon.
            Thread(
                target=_end,
                args=(end, timeout, ending),
                name=f"faststream_otel.shutdown.{signal}",
                daemon=True,
            ).start()
            _endings[id(provider)] = ending
        return [_endings[id(provider)]]


def _end(end: Callable[..., object], timeout: float, ending: _Ending) -> None:
    try:
        # The SDK's provider of metrics takes a bound; that of traces takes none.
        if "timeout_millis" in inspect.signature(end).parameters:
            # Once it has run out there are still connections to close.
            end(timeout_millis=timeout * 900)
        else:
            end()
    except Exception:
        _logger.exception(FAILED, ending.signal)
    finally:
        ending.done.set_result(None)
