"""Messages that a server does not take, and those that nobody waits for."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import redis
from opentelemetry import trace

from guide.kinds import KINDS
from trials.beside import bare_and_ours
from trials.brokers.connecting import Connecting, quietly
from trials.brokers.shared import LIMIT, ONE_PER_SERVER, server_of, shared
from trials.trial import Scenario

if TYPE_CHECKING:
    from trials.trial import Trial

_PATIENCE: Final = 10.0
_ANSWER: Final = 0.5
# What servers refuse, and what is too much for clients and for Redis, too.
_SIZES: Final = (2 * LIMIT, 2 << 20)
# Redis answers and hangs up; which of it the client sees first is chance.
_CLOSED: Final[dict[type[Exception], str]] = dict.fromkeys(
    (redis.ResponseError, redis.ConnectionError), "ResponseError or ConnectionError"
)


def attempts(name: str, contender: str, port: int) -> dict[str, Any]:
    """Publish what is refused, and what nobody waits for; after each, a good one."""
    return quietly(_attempts(Connecting(name, contender, port)))


async def _attempts(made: Connecting) -> dict[str, Any]:
    broker, destination = made.broker(), f"limits-{uuid4().hex}"
    came: asyncio.Queue[str] = asyncio.Queue()
    calls = failed = dirty = 0
    told = []

    async def handle(body: str) -> None:
        came.put_nowait(body)

    async def attempt(what: str, body: str, to: str, **options: Any) -> None:
        nonlocal calls, failed, dirty
        calls += 1
        send = made.kind.request if options else made.kind.publish
        try:
            async with asyncio.timeout(_PATIENCE):
                await send(broker, body, to, **options)
            ended = "no error"
        except Exception as error:
            failed += 1
            ended = _CLOSED.get(type(error), type(error).__name__)
        dirty += trace.get_current_span().get_span_context().is_valid
        told.append(f"{what}: {ended}")

    async def well() -> bool:
        """Tell whether a good message arrives; one of these is tried, and again."""
        for _ in range(5):
            body = uuid4().hex
            await attempt("a good one", body, destination)
            try:
                async with asyncio.timeout(_PATIENCE / 5):
                    while await came.get() != body:
                        pass
            except TimeoutError:
                continue
            return True
        return False

    made.subscribe(broker, destination, handle)
    handled_after = []
    async with broker:
        await broker.start()
        assert await well()
        for size in _SIZES:
            await attempt(f"{size:,} bytes", "x" * size, destination)
            handled_after.append(await well())
        nowhere = f"nowhere-{uuid4().hex}"
        await attempt("nobody there", "x", nowhere)
        handled_after.append(await well())
        if made.name not in {"kafka", "confluent"}:
            await attempt("nobody answers", "x", nowhere, timeout=_ANSWER)
            handled_after.append(await well())
    return {
        **made.seen(),
        "told": told,
        "calls": calls,
        "failed": failed,
        "dirty": dirty,
        "handled_after": handled_after,
    }


def _refused(name: str, trial: Trial) -> None:
    port = shared(name).port
    bare, ours = bare_and_ours(attempts, name=name, port=port)
    # How often a good one is tried, on a connection that ends, is a matter of time.
    same = _odd(ours) == _odd(bare)
    trial.check(
        "what callers see when messages are too large, or nobody is there",
        "as bare",
        "; ".join(_odd(ours)),
        holds=same,
        rank=bare["failed"],
        bare="the same" if same else "; ".join(bare["told"]),
    )
    spans, errors = ours["spans"], ours["errors"]
    sent = spans.get("publish", 0) + spans.get("request", 0)
    marked = errors.get("publish", 0) + errors.get("request", 0)
    trial.check(
        "spans with an error, of all that were sent",
        "one per call that failed",
        f"{marked} of {sent}, for {ours['failed']} of {ours['calls']} calls",
        holds=(sent, marked) == (ours["calls"], ours["failed"]),
        rank=ours["failed"],
    )
    trial.check(
        "spans that were never ended, or left current",
        "none",
        ours["dirty"] + ours["started"] - ours["exported"],
        holds=ours["dirty"] == 0 and ours["started"] == ours["exported"] > 0,
    )
    trial.check(
        "a message after each of them is handled",
        "as bare",
        f"{sum(ours['handled_after'])} of {len(ours['handled_after'])}",
        holds=ours["handled_after"] == bare["handled_after"]
        and any(ours["handled_after"]),
        rank=-sum(ours["handled_after"]),
        bare=f"{sum(bare['handled_after'])}",
    )


def _odd(seen: dict[str, Any]) -> list[str]:
    return [each for each in seen["told"] if not each.startswith("a good one")]


SCENARIOS: Final = tuple(
    Scenario(
        f"brokers/{kind.name}/refused",
        "messages are too large, or nobody is there to take them",
        partial(_refused, kind.name),
        quick=kind.name in ONE_PER_SERVER,
        needs=(server_of(kind.name),),
    )
    for kind in KINDS
)
