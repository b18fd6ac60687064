"""A fair floor: a middleware of bare SDK calls that records the same as ours.

It serves one subscriber whose facts it was told, checks nothing, and has no options.
`tests/test_cost.py` holds what it records against what ours records.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from faststream import BaseMiddleware
from opentelemetry import context as otel_context
from opentelemetry import metrics, propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

_BUCKETS = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25),
    *(0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)


class Floor:
    """The least that records the same."""

    def __init__(
        self,
        broker: str,
        *,
        system: str,
        port: int,
        client: str | None,
        handler: Callable[..., Any],
        tracer_provider: TracerProvider | None,
        meter_provider: MeterProvider | None,
    ) -> None:
        self.common: dict[str, Any] = {
            "messaging.system": system,
            "server.address": "localhost",
            "server.port": port,
        }
        self.of_spans = dict(self.common)
        if client is not None:
            self.of_spans["messaging.client.id"] = client
        self.handler = handler
        self.scope = _SCOPES.get(broker, FloorScope)
        self.tracer = trace.get_tracer("floor", tracer_provider=tracer_provider)
        meter = metrics.get_meter("floor", meter_provider=meter_provider)
        self.operation = meter.create_histogram(
            "messaging.client.operation.duration",
            unit="s",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self.process = meter.create_histogram(
            "messaging.process.duration",
            unit="s",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self.sent = meter.create_counter(
            "messaging.client.sent.messages", unit="{message}"
        )
        self.consumed = meter.create_counter(
            "messaging.client.consumed.messages", unit="{message}"
        )

    def __call__(self, msg: Any, /, *, context: Any) -> FloorScope:
        return self.scope(msg, context=context, floor=self)


class FloorScope(BaseMiddleware[Any, Any]):
    """Two spans, one of them with a link; headers; four metrics."""

    def __init__(self, msg: Any, /, *, context: Any, floor: Floor) -> None:
        super().__init__(msg, context=context)
        self.floor = floor

    def of_command(self, cmd: Any) -> dict[str, Any]:
        """What the publish span says of this message alone."""
        return {"messaging.message.conversation_id": cmd.correlation_id}

    def of_message(self, msg: Any) -> dict[str, Any]:
        """What the process span says of this message alone."""
        handler = self.floor.handler
        return {
            "messaging.message.conversation_id": msg.correlation_id,
            "messaging.message.id": msg.message_id,
            "code.function.name": f"{handler.__module__}.{handler.__qualname__}",
        }

    def of_metrics(self, msg: Any) -> dict[str, Any]:  # noqa: ARG002
        """What the metrics say of a message that was handled."""
        return {
            **self.floor.common,
            "messaging.operation.name": "process",
            "messaging.destination.name": "orders",
        }

    async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
        floor = self.floor
        began = time.perf_counter()
        span = floor.tracer.start_span(
            f"publish {cmd.destination}",
            kind=SpanKind.PRODUCER,
            attributes={
                **floor.of_spans,
                **self.of_command(cmd),
                "messaging.operation.name": "publish",
                "messaging.operation.type": "send",
                "messaging.destination.name": cmd.destination,
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
            attributes = {
                **floor.common,
                "messaging.operation.name": "publish",
                "messaging.destination.name": cmd.destination,
            }
            seconds = time.perf_counter() - began
            typed = {**attributes, "messaging.operation.type": "send"}
            floor.operation.record(seconds, typed, context)
            floor.sent.add(1, attributes, context)

    async def consume_scope(self, call_next: Any, msg: Any) -> Any:
        floor = self.floor
        began = time.perf_counter()
        carried = propagate.extract(msg.headers, Context())
        creation = trace.get_current_span(carried).get_span_context()
        span = floor.tracer.start_span(
            "process orders",
            context=carried,
            kind=SpanKind.CONSUMER,
            links=[Link(creation)],
            attributes={
                **floor.of_spans,
                **self.of_message(msg),
                "messaging.operation.name": "process",
                "messaging.operation.type": "process",
                "messaging.destination.name": "orders",
            },
        )
        context = trace.set_span_in_context(span, carried)
        token = otel_context.attach(context)
        try:
            return await call_next(msg)
        finally:
            otel_context.detach(token)
            span.end()
            attributes = self.of_metrics(msg)
            floor.process.record(time.perf_counter() - began, attributes, context)
            floor.consumed.add(1, attributes, context)


class _KafkaScope(FloorScope):
    """Adds partition and offset."""

    def of_message(self, msg: Any) -> dict[str, Any]:
        raw, handler = msg.raw_message, self.floor.handler
        return {
            "messaging.message.conversation_id": msg.correlation_id,
            "messaging.message.id": msg.message_id,
            "messaging.destination.partition.id": str(raw.partition),
            "messaging.kafka.offset": raw.offset,
            "code.function.name": f"{handler.__module__}.{handler.__qualname__}",
        }

    def of_metrics(self, msg: Any) -> dict[str, Any]:
        return {
            **self.floor.common,
            "messaging.operation.name": "process",
            "messaging.destination.name": "orders",
            "messaging.destination.partition.id": str(msg.raw_message.partition),
        }


class _ConfluentScope(FloorScope):
    """Adds the same, from methods."""

    def of_message(self, msg: Any) -> dict[str, Any]:
        raw, handler = msg.raw_message, self.floor.handler
        return {
            "messaging.message.conversation_id": msg.correlation_id,
            "messaging.message.id": msg.message_id,
            "messaging.destination.partition.id": str(raw.partition()),
            "messaging.kafka.offset": raw.offset(),
            "code.function.name": f"{handler.__module__}.{handler.__qualname__}",
        }

    def of_metrics(self, msg: Any) -> dict[str, Any]:
        return {
            **self.floor.common,
            "messaging.operation.name": "process",
            "messaging.destination.name": "orders",
            "messaging.destination.partition.id": str(msg.raw_message.partition()),
        }


class _RabbitScope(FloorScope):
    """Adds the routing key."""

    def of_command(self, cmd: Any) -> dict[str, Any]:
        return {
            "messaging.message.conversation_id": cmd.correlation_id,
            "messaging.rabbitmq.destination.routing_key": cmd.destination,
        }

    def of_message(self, msg: Any) -> dict[str, Any]:
        handler = self.floor.handler
        return {
            "messaging.message.conversation_id": msg.correlation_id,
            "messaging.message.id": msg.message_id,
            "messaging.rabbitmq.destination.routing_key": msg.raw_message.routing_key,
            "code.function.name": f"{handler.__module__}.{handler.__qualname__}",
        }


_SCOPES = {
    "confluent": _ConfluentScope,
    "kafka": _KafkaScope,
    "rabbit": _RabbitScope,
}
