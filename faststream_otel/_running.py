"""An operation that has begun: its span, and what is recorded when it ends."""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import set_span_in_context

from faststream_otel import _conventions as conventions
from faststream_otel import _outcome
from faststream_otel._faults import tell_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context
    from opentelemetry.trace import Link, Span, SpanKind

    from faststream_otel._conventions import Operation
    from faststream_otel._description import Attributes, Destination
    from faststream_otel._middleware import TelemetryMiddleware


class Running:
    """A span that has begun, and the metrics that its end will record.

    Both have the same duration, also where the span is not sampled.

    Args:
        telemetry: Whose span it is.
        operation: What is done.
        destination: Where the message goes to or comes from.
        particular: Attributes of this message or batch alone.
        parent: The context that the span begins in.
        kind: The span's kind, if it is not the operation's.
        links: The span's links.
    """

    __slots__ = (
        "_began",
        "_destination",
        "_ended",
        "_operation",
        "_particular",
        "_telemetry",
        "context",
        "span",
    )

    span: Span
    context: Context

    def __init__(
        self,
        telemetry: TelemetryMiddleware[Any, Any],
        operation: Operation,
        destination: Destination,
        particular: Attributes,
        parent: Context,
        *,
        kind: SpanKind | None = None,
        links: Sequence[Link] = (),
    ) -> None:
        self._telemetry = telemetry
        self._operation = operation
        self._destination = destination
        self._particular = particular
        self._ended = False
        self._began = time_ns()
        name, attributes = destination.start(operation)
        self.span = telemetry._tracer.start_span(
            name,
            parent,
            kind or operation.kind,
            {**attributes, **particular},
            links,
            self._began,
        )
        self.context = set_span_in_context(self.span, parent)

    def end(self, error: BaseException | None = None) -> None:
        """End the span and record the metrics, once.

        What samplers, processors and exporters raise stays here.

        Args:
            error: What ended the operation; a decision of the handler is no error.
        """
        if self._ended:
            return
        self._ended = True
        now = time_ns()
        telemetry = self._telemetry
        exceptions = telemetry._exceptions
        if error is not None:
            # Before the span ends: a processor of logs may want to add to it.
            exceptions.emit(error, self._operation, self.context, now)
        if self.span.is_recording():
            try:
                if error is not None:
                    _outcome.record(self.span, error, event=exceptions.on_spans)
                self.span.end(now)
            except Exception:
                tell_once("Ending a span")
        if (
            telemetry._providers.records_metrics()
            and self._operation is not conventions.CREATE
        ):
            self._record_metrics(now, error)

    def _record_metrics(self, now: int, error: BaseException | None) -> None:
        attributes = self.metric_attributes()
        if error is not None and _outcome.decision(error) is None:
            attributes = {
                **attributes,
                conventions.ERROR_TYPE: _outcome.error_type(error),
            }
        messages = self._particular.get(conventions.BATCH_MESSAGE_COUNT, 1)
        assert isinstance(messages, int), "it was counted"
        self._telemetry._metrics.record(
            self._operation,
            attributes,
            nanoseconds=now - self._began,
            messages=messages,
            context=self.context,
        )

    def metric_attributes(self) -> Attributes:
        """Give the attributes of low cardinality, to be copied, not changed."""
        attributes = self._destination.metric(self._operation)
        partition = self._particular.get(conventions.DESTINATION_PARTITION_ID)
        if partition is None:
            return attributes
        return {**attributes, conventions.DESTINATION_PARTITION_ID: partition}

    @property
    def is_batch(self) -> bool:
        """Whether it is about several messages."""
        return conventions.BATCH_MESSAGE_COUNT in self._particular

    @property
    def began(self) -> int:
        """When it began, in nanoseconds since the epoch."""
        return self._began
