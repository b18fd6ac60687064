"""The conventions' four metrics, and the opt-in queue time.

https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry import metrics

from faststream_otel import __version__
from faststream_otel import _conventions as conventions
from faststream_otel._content import OTHER_TYPE
from faststream_otel._faults import FAULTS, tell_once, warn_once

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.util.types import AttributeValue

    from faststream_otel._conventions import Operation
    from faststream_otel._destination import Attributes, Destination

# In seconds. Without the advice, the SDK's buckets are those for milliseconds.
BUCKETS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25),
    *(0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
_SECOND: Final = 1e9

# The SDK has one limit of 2,000 for all series of an instrument, and mixes what comes
# later into one. Ours comes before it, and gives up what tells least.
_MOST_SERIES: Final = 1_000
_MOST_WITH_PARTITION: Final = 900
# Errors are told apart a little longer than names.
_MOST_WITH_ERROR: Final = 1_100


class Metrics:
    """The instruments of one middleware.

    Args:
        meter_provider: Where metrics go; the global provider if None.
        record_queue_time: Whether to record how long messages waited.
    """

    __slots__ = (
        "_consumed",
        "_handled_series",
        "_operation",
        "_process",
        "_queue",
        "_sent",
        "_series",
    )

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
            conventions.METRIC_OPERATION_DURATION,
            unit="s",
            description="Duration of sending, receiving and settling messages.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self._process = meter.create_histogram(
            conventions.METRIC_PROCESS_DURATION,
            unit="s",
            description="Duration of handling a message or a batch.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self._sent = meter.create_counter(
            conventions.METRIC_SENT_MESSAGES,
            unit="{message}",
            description="Messages that were sent, including those that failed.",
        )
        self._consumed = meter.create_counter(
            conventions.METRIC_CONSUMED_MESSAGES,
            unit="{message}",
            description="Messages that were delivered to the application.",
        )
        self._queue = (
            meter.create_histogram(
                conventions.METRIC_QUEUE_DURATION,
                unit="s",
                description="Time from sending a message to its delivery.",
                explicit_bucket_boundaries_advisory=BUCKETS,
            )
            if record_queue_time
            else None
        )
        # Those of what is sent, and those of what is received and handled, of which
        # other instruments tell.
        self._series: set[frozenset[tuple[str, AttributeValue]]] = set()
        self._handled_series: set[frozenset[tuple[str, AttributeValue]]] = set()

    def record(
        self,
        operation: Operation,
        destination: Destination,
        partition: AttributeValue | None,
        error_type: str | None,
        *,
        nanoseconds: int,
        messages: int,
        context: Context,
    ) -> None:
        """Record an operation that has ended.

        Args:
            operation: What was done.
            destination: Where its message went to or came from.
            partition: The partition of the destination, if it has any.
            error_type: What it failed with, if it did.
            nanoseconds: How long its span was.
            messages: How many messages it was about.
            context: With its span, for exemplars.
        """
        try:
            attributes, typed = self._attributes(
                operation, destination, partition, error_type
            )
            seconds = nanoseconds / _SECOND
            if operation is conventions.PROCESS:
                self._process.record(seconds, attributes, context)
                self._consumed.add(messages, attributes, context)
                return
            self._operation.record(seconds, typed, context)
            if operation.type == "send":
                self._sent.add(messages, attributes, context)
            elif operation.type == "receive":
                self._consumed.add(messages, attributes, context)
        except FAULTS:
            tell_once("Recording metrics")

    def record_queue_time(
        self,
        destination: Destination,
        partition: AttributeValue | None,
        nanoseconds: int,
        context: Context,
    ) -> None:
        """Record how long a message waited; clocks that disagree make it none."""
        if self._queue is None:
            return
        try:
            attributes, _ = self._attributes(
                conventions.PROCESS, destination, partition, None
            )
            self._queue.record(max(nanoseconds, 0) / _SECOND, attributes, context)
        except FAULTS:
            tell_once("Recording metrics")

    def _attributes(
        self,
        operation: Operation,
        destination: Destination,
        partition: AttributeValue | None,
        error_type: str | None,
    ) -> tuple[Attributes, Attributes]:
        """Give the attributes of a series, without and with the operation's type.

        They are made once per destination.
        """
        if destination.series_of is not self:
            destination.series_of, destination.series = self, {}
        key = (operation, partition, error_type)
        series = destination.series.get(key)
        if series is None:
            attributes = self._admitted(operation, destination, partition, error_type)
            typed = {**attributes, conventions.OPERATION_TYPE: operation.type}
            series = attributes, typed
            if len(destination.series) < _MOST_SERIES:
                destination.series[key] = series
        return series

    def _admitted(
        self,
        operation: Operation,
        destination: Destination,
        partition: AttributeValue | None,
        error_type: str | None,
    ) -> Attributes:
        """Give the most telling attributes for which there is still room."""
        attributes = {**destination.metric(operation)}
        if error_type is not None:
            attributes[conventions.ERROR_TYPE] = error_type
        if partition is not None:
            whole = {**attributes, conventions.DESTINATION_PARTITION_ID: partition}
            if self._has_room(operation, whole, _MOST_WITH_PARTITION):
                return whole
        if self._has_room(operation, attributes, _MOST_SERIES):
            return attributes
        # A template is no name, and stays.
        attributes.pop(conventions.DESTINATION_NAME, None)
        # A class may be made anew for each error, and named by whoever sent a message.
        if error_type is not None and not self._has_room(
            operation, attributes, _MOST_WITH_ERROR
        ):
            attributes[conventions.ERROR_TYPE] = OTHER_TYPE
        return attributes

    def _has_room(
        self, operation: Operation, attributes: Attributes, most: int
    ) -> bool:
        series = frozenset(attributes.items())
        taken = self._handled_series if operation.type == "process" else self._series
        if series in taken:
            return True
        # What was received is counted together with what was handled.
        full = max(
            len(taken), len(self._handled_series) * (operation.type == "receive")
        )
        # One is left for all those that have no room.
        if full < most - 1:
            taken.add(series)
            if operation.type == "receive":
                self._handled_series.add(series)
            return True
        warn_once(
            f"More than {_MOST_WITH_PARTITION} combinations of destination, partition "
            "and error: further ones are recorded without their partition, then "
            "without their destination. To record many destinations under one name, "
            "use the option destination_templates."
        )
        return False
