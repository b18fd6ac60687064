"""Many messages, subscribers and brokers: all is counted, and nothing grows."""

from __future__ import annotations

import asyncio
import gc
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider

from cost.contenders import KINDS as IN_MEMORY
from cost.contenders import OURS, log_of_tests
from faststream_otel.instrumentor import FastStreamInstrumentor
from guide.kinds import KINDS
from trials.beside import bare_and_ours
from trials.brokers.connecting import Connecting
from trials.brokers.shared import shared
from trials.recorded import Recorded
from trials.soak.counted import each, spans_ended, spans_exported
from trials.soak.growth import Growth, flat, forget_timers
from trials.trial import Scenario

if TYPE_CHECKING:
    from trials.trial import Trial

_PATIENCE: Final = 10.0


def messages(broker: str, contender: str, count: int) -> dict[str, Any]:
    """Publish and handle messages in memory."""
    return asyncio.run(_messages(broker, contender, count))


async def _messages(name: str, contender: str, count: int) -> dict[str, Any]:
    recorded, kind = Recorded(), IN_MEMORY[name]

    async def handle(message: str) -> None: ...

    middlewares = [kind.ours(**recorded.options())] if contender == OURS else []
    broker = kind.broker(middlewares)
    broker.subscriber("orders")(handle)
    growth = Growth()
    async with kind.in_memory(broker):
        empty_log = log_of_tests()
        for number in range(1, count + 1):
            await broker.publish("x", "orders")
            if number % (count // 100) == 0:
                empty_log()
            if number in {count // 10, count}:
                recorded.flush()
                await forget_timers()
                growth.look()
    return {
        "spans": recorded.spans.ended,
        "started": recorded.spans.started,
        "exported": recorded.exported.count,
        "metrics": recorded.metrics(),
        **growth.seen(),
        "left": trace.get_current_span().get_span_context().is_valid,
    }


def _soak(broker: str, trial: Trial) -> None:
    count = 2_000 if trial.quick else 50_000
    bare, seen = bare_and_ours(messages, broker=broker, count=count, within=600)
    spans_ended(trial, seen, count)
    spans_exported(trial, seen, count)
    wanted = {
        "client.operation.duration publish": count,
        "client.sent.messages publish": count,
        "process.duration process": count,
        "client.consumed.messages process": count,
    }
    trial.check(
        "what each metric counts",
        "each call or each delivery",
        each(seen["metrics"]),
        holds=seen["metrics"] == wanted,
        rank=count,
    )
    flat(trial, bare, seen)


def subscribers(contender: str, port: int, count: int) -> dict[str, Any]:
    """Make and close subscribers and publishers on a running broker."""
    return asyncio.run(_subscribers(Connecting("nats", contender, port), count))


async def _subscribers(connecting: Connecting, count: int) -> dict[str, Any]:
    broker = connecting.broker()
    came = asyncio.Event()

    async def handle(message: str) -> None:
        came.set()

    made: weakref.WeakSet[Any] = weakref.WeakSet()
    async with broker:
        await broker.start()
        for number in range(1, count + 1):
            name = f"come-and-go.{number % 10}"
            subscriber = broker.subscriber(name, persistent=False)
            subscriber(handle)
            await subscriber.start()
            publisher = broker.publisher(name, persistent=False)
            came.clear()
            async with asyncio.timeout(_PATIENCE):
                await publisher.publish("x")
                await came.wait()
            await subscriber.stop()
            made |= {subscriber, publisher}
            del subscriber, publisher
    gc.collect()
    return {**connecting.seen(), "living": len(made)}


def _closing(trial: Trial) -> None:
    port, count = shared("nats").port, 300 if trial.quick else 10_000
    bare, seen = bare_and_ours(subscribers, port=port, count=count, within=900)
    spans_ended(trial, seen, count)
    trial.check(
        "subscribers and publishers that were closed, and live on",
        "no more than bare",
        f"{seen['living']} of {2 * count:,}",
        holds=seen["living"] <= bare["living"],
        bare=f"{bare['living']:,}",
    )


def brokers(contender: str, count: int) -> dict[str, Any]:
    """Make and drop brokers while the instrumentor is at work."""
    if contender == OURS:
        # Without one, OpenTelemetry's API keeps each meter until one is set.
        metrics.set_meter_provider(MeterProvider(shutdown_on_exit=False))
        FastStreamInstrumentor().instrument()
    made: weakref.WeakSet[Any] = weakref.WeakSet()
    growth = Growth()
    for number in range(1, count + 1):
        broker = KINDS[number % len(KINDS)].broker()
        assert bool(broker.middlewares) is (contender == OURS)
        made.add(broker)
        del broker
        if number in {count // 10, count}:
            growth.look()
    return {"living": len(made), **growth.seen()}


def _dropping(trial: Trial) -> None:
    count = 100 if trial.quick else 1_000
    bare, seen = bare_and_ours(brokers, count=count, within=300)
    trial.check(
        "brokers that were dropped, and live on",
        "none",
        f"{seen['living']} of {count:,}",
        holds=seen["living"] == 0,
    )
    flat(trial, bare, seen)


SCENARIOS: Final = (
    *(
        Scenario(f"soak/{name}", "messages in memory, for long", partial(_soak, name))
        for name in IN_MEMORY
    ),
    Scenario(
        "soak/subscribers",
        "subscribers and publishers come and go",
        _closing,
        needs=("nats",),
    ),
    Scenario("soak/brokers", "brokers come and go under the instrumentor", _dropping),
)
