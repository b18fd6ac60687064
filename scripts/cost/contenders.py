"""Who is measured, on which brokers, and how much telemetry is wanted."""

from __future__ import annotations

import gc
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import Mock

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON

from cost.floor import Floor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from opentelemetry.sdk.trace.sampling import Sampler

BARE: Final = "bare"
FLOOR: Final = "floor"
OWN: Final = "own"
OURS: Final = "ours"
# Ours last: from the first instance on, FastStream's `process_message` is wrapped.
MEASURED: Final = (FLOOR, OWN, OURS)
CONTENDERS: Final = (BARE, *MEASURED)


def log_of_tests() -> Callable[[], None]:
    """Give what empties the log of FastStream's test brokers that run.

    It is a mock, which keeps each line: memory would grow, and with it the time that
    the garbage collector takes.
    """
    mocks = [each for each in gc.get_objects() if isinstance(each, Mock)]

    def empty() -> None:
        for mock in mocks:
            mock.reset_mock()

    return empty


@dataclass(frozen=True)
class Kind:
    """A kind of broker, and what the floor says of it."""

    module: str
    prefix: str
    system: str
    port: int
    client: str | None

    def named(self, package: str, name: str) -> Any:
        """Give the class whose name is `name` after the broker's own prefix."""
        return getattr(import_module(package), f"{self.prefix}{name}")

    @property
    def own(self) -> Any:
        """FastStream's own middleware."""
        return self.named(
            f"faststream.{self.module}.opentelemetry", "TelemetryMiddleware"
        )

    @property
    def ours(self) -> Any:
        """Our middleware."""
        return self.named(f"faststream_otel.{self.module}", "TelemetryMiddleware")

    def load(self) -> None:
        """Import all that is measured."""
        for part in (self.own, self.ours, self._broker, self._test_broker):
            assert part

    @property
    def _broker(self) -> Any:
        return self.named(f"faststream.{self.module}", "Broker")

    @property
    def _test_broker(self) -> Any:
        module = import_module(f"faststream.{self.module}")
        return getattr(module, f"Test{self.prefix}Broker")

    def broker(self, middlewares: list[Any]) -> Any:
        """Make a broker."""
        # FastStream's own log lines have the time in them, which is never the same.
        return self._broker(middlewares=middlewares, logger=None)

    @asynccontextmanager
    async def in_memory(self, broker: Any) -> AsyncIterator[None]:
        """Run a broker without a server."""
        async with self._test_broker(broker, connect_only=False):
            for subscriber in broker.subscribers:
                for call in subscriber.calls:
                    # Else FastStream would keep each message, for assertions.
                    call.handler.is_test = False
            yield

    @asynccontextmanager
    async def running(
        self, contender: str, telemetry: Telemetry
    ) -> AsyncIterator[Callable[[], Any]]:
        """Run a broker in memory, and give what sends one message to a handler."""

        async def handle(message: str) -> None: ...

        broker = self.broker(self.middlewares(contender, telemetry, handle))
        broker.subscriber("orders")(handle)
        async with self.in_memory(broker):
            yield lambda: broker.publish("x", "orders")

    def middlewares(
        self, contender: str, telemetry: Telemetry, handler: Callable[..., Any]
    ) -> list[Any]:
        """Make what is measured: one middleware, or none."""
        providers: dict[str, Any] = {
            "tracer_provider": telemetry.tracer_provider,
            "meter_provider": telemetry.meter_provider,
        }
        if contender == FLOOR:
            floor = Floor(
                self.module,
                system=self.system,
                port=self.port,
                client=self.client,
                handler=handler,
                **providers,
            )
            return [floor]
        if contender == OWN:
            return [self.own(**providers, include_messages_counters=True)]
        return [self.ours(**providers)] if contender == OURS else []


_CLIENT: Final = f"faststream-{version('faststream')}"

KINDS: Final = {
    kind.module: kind
    for kind in (
        Kind("kafka", "Kafka", "kafka", 9092, _CLIENT),
        Kind("confluent", "Kafka", "kafka", 9092, _CLIENT),
        Kind("rabbit", "Rabbit", "rabbitmq", 5672, None),
        Kind("nats", "Nats", "nats", 4222, _CLIENT),
        Kind("redis", "Redis", "redis", 6379, None),
        Kind("mqtt", "MQTT", "mqtt", 1883, None),
    )
}


@dataclass(frozen=True)
class Telemetry:
    """The providers of a middleware; None for the global one, which is never set."""

    tracer_provider: TracerProvider | None = None
    meter_provider: MeterProvider | None = None


def _traced(sampler: Sampler) -> TracerProvider:
    provider = TracerProvider(sampler=sampler)
    # What an exporter would cost is not a middleware's.
    provider.add_span_processor(SpanProcessor())
    return provider


def _measured() -> Telemetry:
    meter_provider = MeterProvider(metric_readers=[InMemoryMetricReader()])
    return Telemetry(_traced(ALWAYS_ON), meter_provider)


MODES: Final[dict[str, Callable[[], Telemetry]]] = {
    "no provider": Telemetry,
    "all sampled out": lambda: Telemetry(_traced(ALWAYS_OFF)),
    "all sampled": lambda: Telemetry(_traced(ALWAYS_ON)),
    "all sampled + metrics": _measured,
}
