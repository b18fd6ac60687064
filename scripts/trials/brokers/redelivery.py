"""Messages that handlers refuse, and servers deliver again."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from faststream import AckPolicy
from faststream.exceptions import NackMessage
from faststream.nats import JStream
from faststream.redis import StreamSub
from opentelemetry import trace

from trials.beside import bare_and_ours
from trials.brokers.connecting import Connecting, quietly
from trials.brokers.shared import server_of, shared
from trials.trial import Scenario

if TYPE_CHECKING:
    from trials.trial import Trial

# How often each message is refused before it is taken.
_TIMES: Final = 3
# How long nothing may come until it is over, and how long all of it may last.
_SILENCE: Final = 30.0
_LASTS: Final = 900.0
# How many messages, in a quick run and in a full one. Each time that Confluent's client
# goes back, it takes half a second to read again.
_COUNTS: Final = {"confluent": (6, 40)}
_COUNT: Final = (20, 200)
# Without telemetry, Confluent's client went back to 22 of 24 once, on a busy machine.
_BY_CHANCE: Final = {"confluent"}
_NAMES: Final = ("kafka", "confluent", "rabbit", "nats", "redis-stream")


def refusing(name: str, contender: str, port: int, count: int) -> dict[str, Any]:
    """Refuse each message several times: every other by an error."""
    made = Connecting(name, contender, port, {"settle_spans": True})
    return quietly(_refusing(made, count))


async def _refusing(made: Connecting, count: int) -> dict[str, Any]:
    broker, destination = made.broker(), f"again-{uuid4().hex}"
    deliveries: Counter[str] = Counter()
    traces: dict[str, set[int]] = {}
    taken: set[str] = set()
    raised, came = 0, asyncio.Event()

    async def handle(body: str) -> None:
        nonlocal raised
        came.set()
        deliveries[body] += 1
        context = trace.get_current_span().get_span_context()
        traces.setdefault(body, set()).add(context.trace_id)
        if deliveries[body] <= _TIMES:
            if int(body) % 2:
                raised += 1
                raise LookupError(body)
            raise NackMessage
        taken.add(body)

    options = {"ack_policy": AckPolicy.NACK_ON_ERROR, **_options(made, destination)}
    if made.name == "redis-stream":
        # One of the group never claims what is new, another one nothing else.
        for consumer, idle in (("new", None), ("again", 1)):
            stream = StreamSub(
                destination,
                polling_interval=20,
                group="trial",
                consumer=consumer,
                min_idle_time=idle,
            )
            broker.subscriber(stream=stream, **options)(handle)
    else:
        made.subscribe(broker, destination, handle, **options)
    async with broker:
        await broker.start()
        for number in range(count):
            await made.kind.publish(broker, str(number), destination)
        # Where they do not all come, those that came are told.
        with suppress(TimeoutError):
            while len(taken) < count:
                came.clear()
                await asyncio.wait_for(came.wait(), _SILENCE)
        # What is under way is acknowledged before it stops.
        await asyncio.sleep(0.2)
    return {
        **made.seen(),
        "handled": sum(deliveries.values()),
        "often": sorted(deliveries.values()),
        "raised": raised,
        "traces": sorted(len(each) for each in traces.values()),
    }


def _options(made: Connecting, destination: str) -> dict[str, Any]:
    if made.name == "nats":
        stream = JStream(f"stream-{destination}", subjects=[destination], declare=True)
        return {"stream": stream}
    return {}


def _redelivered(name: str, trial: Trial) -> None:
    quick, full = _COUNTS.get(name, _COUNT)
    port, count = shared(name).port, quick if trial.quick else full
    bare, ours = bare_and_ours(
        refusing, name=name, port=port, count=count, within=_LASTS
    )
    spans, errors = ours["spans"], ours["errors"]
    what = f"deliveries of messages that are refused {_TIMES} times each"
    handled = f"{ours['handled']:,} of {count:,} messages"
    if name in _BY_CHANCE:
        trial.figure(what, handled, rank=count, bare=f"{bare['handled']:,}")
    else:
        trial.check(
            what,
            "as bare",
            handled,
            holds=ours["often"] == bare["often"] and ours["handled"] > _TIMES * count,
            rank=count,
            bare=f"{bare['handled']:,}",
        )
    trial.check(
        "process spans of messages that are delivered again",
        "one per delivery",
        f"{spans.get('process', 0):,} for {ours['handled']:,}",
        holds=spans.get("process") == ours["handled"],
        rank=ours["handled"],
    )
    trial.check(
        "process spans with an error",
        "one per handler that failed, none for NackMessage",
        f"{errors.get('process', 0):,} for {ours['raised']:,}",
        holds=errors.get("process", 0) == ours["raised"] > 0,
        rank=ours["raised"],
    )
    metrics = {
        name: value
        for name, value in ours["metrics"].items()
        if name.startswith(("process.", "client.consumed"))
    }
    trial.check(
        "what each metric counts of messages that are delivered again",
        "each delivery",
        ", ".join(f"{value:,}" for value in metrics.values()),
        holds=len(metrics) == len({"duration", "messages"})
        and set(metrics.values()) == {ours["handled"]},
        rank=ours["handled"],
    )
    trial.check(
        "traces of a message, however often it is delivered",
        "one",
        max(ours["traces"]),
        holds=ours["traces"] == [1] * count,
    )


SCENARIOS: Final = tuple(
    Scenario(
        f"brokers/{name}/again",
        "handlers refuse each message several times, and the server sends it again",
        partial(_redelivered, name),
        needs=(server_of(name),),
    )
    for name in _NAMES
)
