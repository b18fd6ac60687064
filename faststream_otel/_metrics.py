"""The conventions' four metrics, and the opt-in queue time.

https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry import metrics

from faststream_otel import __version__
from faststream_otel import _conventions as conventions
from faststream_otel._faults import tell_once

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider

    from faststream_otel._conventions import Operation
    from faststream_otel._description import Attributes

# In seconds. Without the advice, the SDK's buckets are those for milliseconds.
BUCKETS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25),
    *(0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
_SECOND: Final = 1e9


class Metrics:
    """The instruments of one middleware.

    Args:
        meter_provider: Where metrics go; the global provider if None.
        record_queue_time: Whether to record how long messages waited.
    """

    __slots__ = ("_consumed", "_operation", "_process", "_queue", "_sent")

    def __init__(
        self, meter_provider: MeterProvider | None, *, record_queue_time: bool
    ) -> None:
        meter = metrics.get_meter(
            conventions.SCOPE_NAME,
            __version__,
            meter_provider,
            conventions.SCHEMA_URL,
        )
        self._operation = meter.create_histogram(
            "messaging.client.operation.duration",
            unit="s",
            description="Duration of sending, receiving and settling messages.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self._process = meter.create_histogram(
            "messaging.process.duration",
            unit="s",
            description="Duration of handling a message or a batch.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self._sent = meter.create_counter(
            "messaging.client.sent.messages",
            unit="{message}",
            description="Messages that were sent, or failed to be.",
        )
        self._consumed = meter.create_counter(
            "messaging.client.consumed.messages",
            unit="{message}",
            description="Messages that were delivered to the application.",
        )
        self._queue = (
            meter.create_histogram(
                "faststream.message.queue.duration",
                unit="s",
                description="Time from sending a message to its delivery.",
                explicit_bucket_boundaries_advisory=BUCKETS,
            )
            if record_queue_time
            else None
        )

    @property
    def records_queue_time(self) -> bool:
        """Whether anybody wants to know when a message was sent."""
        return self._queue is not None

    def record(
        self,
        operation: Operation,
        attributes: Attributes,
        *,
        nanoseconds: int,
        messages: int,
        context: Context,
    ) -> None:
        """Record an operation that has ended.

        Args:
            operation: What was done.
            attributes: Of low cardinality, `error.type` included if it failed.
            nanoseconds: How long its span was.
            messages: How many messages it was about.
            context: With its span, for exemplars.
        """
        try:
            seconds = nanoseconds / _SECOND
            if operation is conventions.PROCESS:
                self._process.record(seconds, attributes, context)
                self._consumed.add(messages, attributes, context)
                return
            typed = {**attributes, conventions.OPERATION_TYPE: operation.type}
            self._operation.record(seconds, typed, context)
            if operation.type == "send":
                self._sent.add(messages, attributes, context)
            elif operation.type == "receive":
                self._consumed.add(messages, attributes, context)
        except Exception:
            tell_once("Recording metrics")

    def record_queue_time(
        self, attributes: Attributes, nanoseconds: int, context: Context
    ) -> None:
        """Record how long a message waited; clocks that disagree make it none."""
        if self._queue is None:
            return
        try:
            self._queue.record(max(nanoseconds, 0) / _SECOND, attributes, context)
        except Exception:
            tell_once("Recording metrics")
