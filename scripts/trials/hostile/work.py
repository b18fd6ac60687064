"""How much work a message makes whose headers are meant to make work."""

from __future__ import annotations

import asyncio
import struct
import sys
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from faststream_otel.testing import in_memory
from trials.apart import apart
from trials.brokers.connecting import OF
from trials.hostile.headers import traced
from trials.hostile.vectors import GOOD, ID, SPAN
from trials.recorded import Kept
from trials.trial import Scenario

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import FrameType

    from trials.trial import Trial

_TWICE: Final = 2.0
_RUNS: Final = 5
_TIMED: Final = 30
_PATIENCE: Final = 10.0
# What a sender may have, by W3C and by this package.
_ENTRIES: Final = 180
_BYTES: Final = 8192

Headers = dict[str, str]


def _entries(count: int, length: int) -> str:
    """Give good entries of baggage, or of a state."""
    return ",".join(f"k{number}={'v' * length}" for number in range(count))


def _casings(count: int) -> Headers:
    """Give one header in many spellings, each with another trace."""
    headers = {}
    for number in range(count):
        name = "".join(
            letter.upper() if number >> at & 1 else letter
            for at, letter in enumerate("traceparent")
        )
        headers[name] = f"00-{number + 1:032x}-{SPAN}-01"
    return headers


# By what each is, in a few words.
_HOSTILE: Final[dict[str, Headers]] = {
    "a traceparent of zeros": {"traceparent": f"00-{'0' * 32}-{SPAN}-01"},
    "a traceparent that is cut": {"traceparent": f"00-{ID}-{SPAN[:-1]}-01"},
    "a traceparent of another version": {"traceparent": f"cc-{ID}-{SPAN}-01-more"},
    "a traceparent of 1 MB": {"traceparent": "0" * 1_000_000},
    "a traceparent of 1 MB that begins well": {"traceparent": GOOD + "0" * 1_000_000},
    "traceparent in 2,000 spellings": _casings(2000),
    "a tracestate of 512 entries": {
        "traceparent": GOOD,
        "tracestate": _entries(512, 8),
    },
    "a tracestate of 1 MB": {"traceparent": GOOD, "tracestate": _entries(60_000, 8)},
    "a tracestate of nothing but commas": {
        "traceparent": GOOD,
        "tracestate": "," * 100_000,
    },
    "baggage of 10,000 entries": {"traceparent": GOOD, "baggage": _entries(10_000, 2)},
    "baggage of 2,000 entries in 8 kB": {
        "traceparent": GOOD,
        "baggage": ",".join(["a=1"] * 2000),
    },
    "baggage of 100,000 commas": {"traceparent": GOOD, "baggage": "," * 100_000},
    "baggage of 1 MB in one entry": {
        "traceparent": GOOD,
        "baggage": f"a={'%41' * 330_000}",
    },
    "baggage with 50,000 properties": {
        "traceparent": GOOD,
        "baggage": f"a=1{';p=1' * 50_000}",
    },
    "baggage with bad entries alone": {
        "traceparent": GOOD,
        "baggage": ",".join("\x1b bad " for _ in range(180)),
    },
    "1,000 headers": {f"x-{number}": "v" for number in range(1000)},
    "1,000 headers in capitals": {f"X-{number}": "v" for number in range(1000)},
}


def _twin(headers: Headers) -> Headers:
    """Give good headers: as many, and as many bytes."""
    size = sum(len(name) + len(value) for name, value in headers.items())
    twin = {"traceparent": GOOD}
    given = {name.lower() for name in headers}
    if "tracestate" in given:
        twin["tracestate"] = _entries(32, 8)
    if "baggage" in given:
        length = min(len(headers["baggage"]), _BYTES)
        entries = max(1, min(_ENTRIES, length // 8))
        twin["baggage"] = _entries(entries, max(1, length // entries - 5))
    twin |= {f"x-{number}": "v" for number in range(len(headers) - len(twin))}
    left = size - sum(len(name) + len(value) for name, value in twin.items())
    return {**twin, "x-more": "v" * max(0, left)}


def worked(name: str) -> dict[str, Any]:
    """Count what Python does for each hostile message, and for its good twin."""
    return asyncio.run(_worked(name))


async def _worked(name: str) -> dict[str, Any]:
    kind = OF[name]
    kept = Kept()
    broker, stranger = traced(kind, kept), kind.broker(logger=None)
    came = asyncio.Event()

    async def handle(body: str) -> None:
        came.set()

    kind.subscriber(broker, "orders")(handle)

    async def send(headers: Headers) -> None:
        came.clear()
        await kind.publish(stranger, "x", "orders", headers=dict(headers))
        async with asyncio.timeout(_PATIENCE):
            await came.wait()
            await _ended(kept)

    counts, times = {}, {}
    async with in_memory(broker, stranger):
        for what, hostile in _HOSTILE.items():
            steps, seconds = [], []
            if not await _takes(send, hostile, _twin(hostile)):
                continue
            for headers in (hostile, _twin(hostile)):
                took = []
                for _ in range(_TIMED):
                    began = time.thread_time()
                    await send(headers)
                    took.append(time.thread_time() - began)
                with _counting() as counted:
                    for _ in range(_RUNS):
                        await send(headers)
                steps.append(counted[0] / _RUNS)
                seconds.append(min(took))
            counts[what], times[what] = steps, seconds
    return {"counts": counts, "times": times}


async def _takes(send: Callable[[Headers], Awaitable[None]], *several: Headers) -> bool:
    """Tell whether a broker's messages have room for headers: Redis's have little."""
    try:
        for headers in several:
            await send(headers)
    except struct.error:
        return False
    return True


async def _ended(kept: Kept) -> None:
    """Return when the last span has ended, which no handler can await."""
    while True:
        if not kept.open:
            return
        await asyncio.sleep(0)


@contextmanager
def _counting() -> Iterator[list[int]]:
    """Count the instructions of Python's own machine in this thread."""
    counted = [0]

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if event == "opcode":
            counted[0] += 1
        else:
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return trace

    sys.settrace(trace)
    try:
        yield counted
    finally:
        sys.settrace(None)


def _working(name: str, trial: Trial) -> None:
    seen = apart(worked, name=name, within=300)
    for what, unit, found in (
        ("instructions of Python", "", seen["counts"]),
        ("time of the CPU", " µs", seen["times"]),
    ):
        if unit and trial.quick:
            continue
        ratios = {what: bad / good for what, (bad, good) in found.items()}
        worst = max(ratios, key=lambda what: ratios[what])
        bad, good = (each * (1e6 if unit else 1) for each in found[worst])
        trial.check(
            f"{what} for a hostile message",
            f"at most {_TWICE:g} times those of a good one with as many headers and "
            "bytes",
            f"{ratios[worst]:.2f} times ({bad:,.0f}{unit} for {good:,.0f}{unit}): "
            f"{worst}, the worst of {len(ratios)}",
            holds=ratios[worst] <= _TWICE,
            rank=ratios[worst],
        )


SCENARIOS: Final = tuple(
    Scenario(
        f"hostile/{name}/work",
        "headers that are meant to make work",
        partial(_working, name),
        quick=name in {"kafka", "nats"},
    )
    for name in OF
)
