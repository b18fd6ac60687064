"""The six brokers in the same words, so that one test is run on each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faststream import confluent, kafka, mqtt, nats, rabbit, redis
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from faststream_otel.confluent import (
    KafkaTelemetryMiddleware as ConfluentTelemetryMiddleware,
)
from faststream_otel.kafka import KafkaTelemetryMiddleware
from faststream_otel.mqtt import MQTTTelemetryMiddleware
from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.rabbit import RabbitTelemetryMiddleware
from faststream_otel.redis import RedisTelemetryMiddleware
from faststream_otel.testing import SpanRecorder

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Kind:
    """A kind of broker, and of destination where a broker has several.

    `destination` is the keyword that names one in `subscriber` and `publisher`, and
    `sent_to` the one in `publish`; None where it is the first argument.
    """

    name: str
    system: str
    port: int
    broker: Callable[..., Any]
    middleware: Callable[..., Any]
    router: Callable[..., Any]
    destination: str | None = None
    sent_to: str = ""

    def __str__(self) -> str:
        return self.name

    def traced(
        self,
        recorder: SpanRecorder,
        *,
        telemetry: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Make a broker whose spans go to `recorder`.

        `telemetry` are options of the middleware, `options` those of the broker.
        """
        provider = TracerProvider(resource=Resource({"service.name": "test"}))
        provider.add_span_processor(recorder)
        middleware = self.middleware(tracer_provider=provider, **(telemetry or {}))
        return self.broker(middlewares=[middleware], **options)

    def subscriber(self, broker: Any, name: str, **options: Any) -> Any:
        """Subscribe on `broker`, or on a router."""
        if self.name == "confluent":
            # It joins its group after the broker has started: what was sent by then.
            options.setdefault("auto_offset_reset", "earliest")
        if self.destination:
            return broker.subscriber(**{self.destination: name}, **options)
        return broker.subscriber(name, **options)

    def publisher(self, broker: Any, name: str, **options: Any) -> Any:
        """Declare a publisher on `broker`, or on a router."""
        if self.destination:
            return broker.publisher(**{self.destination: name}, **options)
        return broker.publisher(name, **options)

    async def publish(
        self, broker: Any, message: Any, name: str, **options: Any
    ) -> Any:
        """Publish on `broker`."""
        return await broker.publish(message, **{self.sent_to: name}, **options)

    async def request(
        self, broker: Any, message: Any, name: str, **options: Any
    ) -> Any:
        """Request on `broker`."""
        if self.name == "mqtt":
            return await broker.request(message, name, **options)
        return await broker.request(message, **{self.sent_to: name}, **options)


KINDS = (
    Kind(
        "kafka",
        "kafka",
        9092,
        kafka.KafkaBroker,
        KafkaTelemetryMiddleware,
        kafka.KafkaRouter,
        sent_to="topic",
    ),
    Kind(
        "confluent",
        "kafka",
        9092,
        confluent.KafkaBroker,
        ConfluentTelemetryMiddleware,
        confluent.KafkaRouter,
        sent_to="topic",
    ),
    Kind(
        "rabbit",
        "rabbitmq",
        5672,
        rabbit.RabbitBroker,
        RabbitTelemetryMiddleware,
        rabbit.RabbitRouter,
        sent_to="queue",
    ),
    Kind(
        "nats",
        "nats",
        4222,
        nats.NatsBroker,
        NatsTelemetryMiddleware,
        nats.NatsRouter,
        sent_to="subject",
    ),
    *(
        Kind(
            f"redis-{kind}",
            "redis",
            6379,
            redis.RedisBroker,
            RedisTelemetryMiddleware,
            redis.RedisRouter,
            destination=kind,
            sent_to=kind,
        )
        for kind in ("channel", "list", "stream")
    ),
    Kind(
        "mqtt",
        "mqtt",
        1883,
        mqtt.MQTTBroker,
        MQTTTelemetryMiddleware,
        mqtt.MQTTRouter,
        sent_to="topic",
    ),
)
