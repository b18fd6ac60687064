"""What a message costs, publish and process together, side by side in one process.

Four middlewares on NATS in memory: none, a floor that makes the bare calls of the SDK
for the same spans, attributes, link, propagation and metrics, FastStream's own, and
ours. Shown is CPU time over none, in microseconds a message, and ours as ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import time
import warnings
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faststream import BaseMiddleware
from faststream.nats import NatsBroker, TestNatsBroker
from faststream.nats.opentelemetry import NatsTelemetryMiddleware as FastStreamsOwn
from opentelemetry import context as otel_context
from opentelemetry import metrics, propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import Link, SpanKind

from faststream_otel.nats import NatsTelemetryMiddleware

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs" / "tables" / "cost.md"

Providers = tuple[TracerProvider | None, MeterProvider | None]

# Goals, of the floor and of FastStream's own; ../shared is no part of a clone.
GOALS = {
    "no provider": (1.25, 0.40),
    "all sampled out": (1.25, 0.60),
    "all sampled": (1.25, 0.75),
    "all sampled + metrics": (1.25, 0.85),
}


class Floor:
    """The least that records the same."""

    def __init__(
        self, tracer_provider: TracerProvider | None, meter: MeterProvider | None
    ) -> None:
        self.tracer = trace.get_tracer("floor", tracer_provider=tracer_provider)
        made = metrics.get_meter("floor", meter_provider=meter)
        self.duration = made.create_histogram("duration", unit="s")
        self.count = made.create_counter("count", unit="{message}")

    def __call__(self, msg: Any, /, *, context: Any) -> FloorScope:
        return FloorScope(msg, context=context, floor=self)


class FloorScope(BaseMiddleware[Any, Any]):
    """Two spans with eight attributes each, one of them with a link."""

    def __init__(self, msg: Any, /, *, context: Any, floor: Floor) -> None:
        super().__init__(msg, context=context)
        self.floor = floor

    def attributes(self, operation: str, kind: str, destination: str) -> Any:
        return {
            "messaging.system": "nats",
            "messaging.operation.name": operation,
            "messaging.operation.type": kind,
            "messaging.destination.name": destination,
            "server.address": "localhost",
            "server.port": 4222,
        }

    def record(self, began: float, attributes: Any) -> None:
        self.floor.duration.record(time.perf_counter() - began, attributes)
        self.floor.count.add(1, attributes)

    async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
        began = time.perf_counter()
        common = self.attributes("publish", "send", cmd.destination)
        span = self.floor.tracer.start_span(
            f"publish {cmd.destination}",
            kind=SpanKind.PRODUCER,
            attributes={
                **common,
                "messaging.message.conversation_id": cmd.correlation_id,
                "messaging.client.id": "bench",
            },
        )
        context = trace.set_span_in_context(span)
        headers = dict(cmd.headers)
        propagate.inject(headers, context)
        cmd.headers = headers
        token = otel_context.attach(context)
        try:
            return await call_next(cmd)
        finally:
            otel_context.detach(token)
            span.end()
            self.record(began, common)

    async def consume_scope(self, call_next: Any, msg: Any) -> Any:
        began = time.perf_counter()
        context = propagate.extract(msg.headers, Context())
        creation = trace.get_current_span(context).get_span_context()
        common = self.attributes("process", "process", "orders")
        span = self.floor.tracer.start_span(
            "process orders",
            context=context,
            kind=SpanKind.CONSUMER,
            links=[Link(creation)],
            attributes={
                **common,
                "messaging.message.conversation_id": msg.correlation_id,
                "messaging.message.id": msg.message_id,
            },
        )
        token = otel_context.attach(trace.set_span_in_context(span, context))
        try:
            return await call_next(msg)
        finally:
            otel_context.detach(token)
            span.end()
            self.record(began, common)


CONTENDERS: dict[str, Callable[[Providers], list[Any]]] = {
    "none": lambda _: [],
    "floor": lambda providers: [Floor(*providers)],
    "FastStream's own": lambda providers: [
        FastStreamsOwn(
            tracer_provider=providers[0],
            meter_provider=providers[1],
            include_messages_counters=True,
        )
    ],
    "ours": lambda providers: [
        NatsTelemetryMiddleware(
            tracer_provider=providers[0], meter_provider=providers[1]
        )
    ],
}


async def microseconds(middlewares: list[Any], messages: int) -> float:
    """Publish and handle messages; give the CPU time of one."""
    broker = NatsBroker(middlewares=middlewares)

    @broker.subscriber("orders")
    async def handle(message: str) -> None: ...

    async with TestNatsBroker(broker, connect_only=False):
        for _ in range(50):
            await broker.publish("x", "orders")
        gc.collect()
        began = time.process_time()
        for _ in range(messages):
            await broker.publish("x", "orders")
        return (time.process_time() - began) / messages * 1e6


def traced(sampler: Sampler) -> TracerProvider:
    """Make a provider whose spans go nowhere."""
    provider = TracerProvider(sampler=sampler)
    provider.add_span_processor(SpanProcessor())
    return provider


def main() -> None:
    """Measure in turns, and show the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="turns a mode (11)")
    parser.add_argument(
        "--messages", type=int, default=2000, help="messages a turn (2000)"
    )
    parser.add_argument(
        "--write", action="store_true", help=f"write {TABLE.relative_to(ROOT)}, too"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    modes: dict[str, Providers] = {
        "no provider": (None, None),
        "all sampled out": (traced(ALWAYS_OFF), None),
        "all sampled": (traced(ALWAYS_ON), None),
        "all sampled + metrics": (
            traced(ALWAYS_ON),
            MeterProvider(metric_readers=[InMemoryMetricReader()]),
        ),
    }
    rows = [
        "| Telemetry | Bare calls of the SDK | FastStream's own | This package |",
        "|---|---|---|---|",
    ]
    print(f"{'mode':22} {'floor':>7} {'own':>7} {'ours':>7}   of floor     of own")
    for mode, providers in modes.items():
        turns: defaultdict[str, list[float]] = defaultdict(list)
        for _ in range(options.rounds):
            once = {
                name: asyncio.run(microseconds(make(providers), options.messages))
                for name, make in CONTENDERS.items()
            }
            for name, cost in once.items():
                turns[name].append(cost - once["none"])
        floor, own, ours = (
            statistics.median(turns[name])
            for name in ("floor", "FastStream's own", "ours")
        )
        of_floor, of_own = GOALS[mode]
        print(
            f"{mode:22} {floor:7.1f} {own:7.1f} {ours:7.1f}   "
            f"{ours / floor:4.2f} <={of_floor:.2f}  {ours / own:4.2f} <={of_own:.2f}",
            flush=True,
        )
        rows.append(f"| {mode} | {floor:.0f} µs | {own:.0f} µs | {ours:.0f} µs |")
    if options.write:
        TABLE.write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
