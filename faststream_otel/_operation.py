"""An operation that has begun: its span, and what is recorded when it ends."""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING

from opentelemetry.trace import INVALID_SPAN, set_span_in_context

from faststream_otel import _conventions as conventions
from faststream_otel._content import declared_names
from faststream_otel._exceptions import Outcome
from faststream_otel._faults import FAULTS, tell_once
from faststream_otel._text import LONGEST_TEXT, bounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context
    from opentelemetry.trace import Link, Span, SpanKind

    from faststream_otel._conventions import Operation
    from faststream_otel._destination import Attributes, Destination
    from faststream_otel._faststream import Subscriber
    from faststream_otel._telemetry import Telemetry


class StartedOperation:
    """An operation that has begun, whether or not it could be given a span.

    Span and metrics have the same duration, also where the span is not sampled.
    Nothing that a sampler, a processor or an exporter raises leaves it.

    Args:
        telemetry: Where it is recorded.
        operation: What is done.
        destination: Where the message goes to or comes from.
        particular: Attributes of this message or batch alone. Text in them may be
            a sender's, and is bounded here, where it enters telemetry.
        parent: The context that the span begins in.
        kind: The span's kind, if it is not the operation's.
        links: The span's links.

    Attributes:
        span: Its span, an invalid one if there could be none.
        context: The parent context, with the span if there is one.
        recording: Whether the span records.
        began: When it began, in nanoseconds since the epoch.
        destination: Where the message goes to or comes from.
        particular: Attributes of this message or batch alone.
        given: All attributes that the span was given when it began.
        subscriber: Whose handler it is, if it is one's.
    """

    __slots__ = (
        "_ended",
        "_operation",
        "_telemetry",
        "began",
        "context",
        "destination",
        "given",
        "particular",
        "recording",
        "span",
        "subscriber",
    )

    span: Span
    context: Context

    def __init__(
        self,
        telemetry: Telemetry,
        operation: Operation,
        destination: Destination,
        particular: Attributes,
        parent: Context,
        kind: SpanKind | None = None,
        links: Sequence[Link] = (),
    ) -> None:
        self._telemetry = telemetry
        self._operation = operation
        self.destination = destination
        self.particular = particular
        self.subscriber: Subscriber | None = None
        self._ended = False
        self.began = time_ns()
        start = destination.starts.get(operation) or destination.start(operation)
        name, attributes = start
        for key, value in particular.items():
            # Most are short and in ASCII.
            if type(value) is str and value.isascii() and len(value) < LONGEST_TEXT:
                continue
            if isinstance(value, str):
                particular[key] = bounded(value)
        self.given = {**attributes, **particular}
        self.span, self.context, self.recording = INVALID_SPAN, parent, False
        try:
            self.span = telemetry.tracer.start_span(
                name,
                context=parent,
                kind=kind or operation.kind,
                attributes=self.given,
                links=links,
                start_time=self.began,
            )
            self.context = set_span_in_context(self.span, parent)
            # One that cannot say so has begun nonetheless, and has to end.
            self.recording = True
            self.recording = self.span.is_recording()
        except FAULTS:
            tell_once("Starting a span")

    def describe(self, attributes: Attributes) -> None:
        """Add what is known only now, if the span records."""
        if self.recording and attributes:
            try:
                for key, value in attributes.items():
                    if isinstance(value, str):
                        attributes[key] = bounded(value)
                if len(attributes) == 1:
                    # Costs a third of what the plural does.
                    (attribute,) = attributes.items()
                    self.span.set_attribute(*attribute)
                else:
                    self.span.set_attributes(attributes)
            except FAULTS:
                tell_once("Describing a span")

    def end(self, error: BaseException | None = None, now: int | None = None) -> None:
        """End the span and record the metrics, once.

        Args:
            error: What ended the operation; a decision of the handler is no error.
            now: When it ended, in nanoseconds since the epoch; now if None.
        """
        if self._ended:
            return
        self._ended = True
        now = now or time_ns()
        outcome = None if error is None else self._outcome(error, now)
        if self.recording:
            try:
                self.span.end(now)
            except FAULTS:
                tell_once("Ending a span")
        telemetry = self._telemetry
        if self._operation is not conventions.CREATE and (
            telemetry.known_to_measure or telemetry.records_metrics()
        ):
            messages = self.particular.get(conventions.BATCH_MESSAGE_COUNT, 1)
            assert isinstance(messages, int), "it was counted"
            telemetry.metrics.record(
                self._operation,
                self.destination,
                self.partition(),
                None if outcome is None else outcome.error_type,
                nanoseconds=now - self.began,
                messages=messages,
                context=self.context,
            )

    def _outcome(self, error: BaseException, now: int) -> Outcome | None:
        exceptions = self._telemetry.exceptions
        outcome = None
        try:
            subscriber = self.subscriber
            declared = () if subscriber is None else declared_names(subscriber)
            outcome = Outcome(error, declared)
            # Before the span ends: a processor of logs may want to add to it.
            exceptions.emit(outcome, self._operation, self.context, now)
            if self.recording:
                outcome.record(self.span, event=exceptions.on_spans)
        except FAULTS:
            tell_once("Recording an exception")
        return outcome

    def partition(self) -> str | None:
        """Give the partition of the destination, if it is known."""
        partition = self.particular.get(conventions.DESTINATION_PARTITION_ID)
        return partition if isinstance(partition, str) else None

    @property
    def is_batch(self) -> bool:
        """Whether it is about several messages."""
        return conventions.BATCH_MESSAGE_COUNT in self.particular
