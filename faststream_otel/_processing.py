"""Process spans: messages that FastStream gives to a handler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context

from faststream_otel import _conventions as conventions
from faststream_otel._baggage import replace
from faststream_otel._faststream import running_handler_name
from faststream_otel._receiving import ReceiveScope
from faststream_otel._running import Running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from faststream import ContextRepo, StreamMessage

    from faststream_otel._description import Attributes
    from faststream_otel._faststream import Delivery
    from faststream_otel._middleware import TelemetryMiddleware


class ProcessScope(ReceiveScope):
    """What FastStream makes of our middleware around a handler.

    The span begins before the message is parsed, so that parsing, filters, the
    handler, what it publishes and FastStream's log lines all belong to it.
    """

    __slots__ = ("_delivery",)

    def __init__(
        self,
        telemetry: TelemetryMiddleware[Any, Any],
        context: ContextRepo,
        delivery: Delivery,
    ) -> None:
        # As in `SendScope`.
        self.msg = delivery.message
        self.context = context
        self._telemetry = telemetry
        self._running = None
        self._arrival = None
        self._delivery = delivery

    def _start_receiving(self) -> Running | None:
        telemetry, delivery = self._telemetry, self._delivery
        arrival = telemetry._arrival(delivery.message, delivery.subscriber)
        self._arrival = arrival
        if arrival is None:
            return None
        delivery.creations = arrival.creations
        delivery.batch_baggage = arrival.batch_baggage
        # Nothing detaches in here what is attached: see `_faststream.install`.
        if not telemetry._is_traced(arrival.destination):
            otel_context.attach(arrival.context)
            return None
        processing = Running(
            telemetry,
            conventions.PROCESS,
            arrival.destination,
            arrival.attributes,
            arrival.context,
            links=arrival.links,
        )
        otel_context.attach(processing.context)
        for sent in arrival.sent:
            telemetry._metrics.record_queue_time(
                processing.metric_attributes(),
                processing.began - sent,
                processing.context,
            )
        return processing

    async def consume_scope(
        self,
        call_next: Callable[[Any], Awaitable[Any]],
        msg: StreamMessage[Any],
    ) -> Any:
        """Call the handler."""
        delivery = self._delivery
        delivery.call_next = call_next
        self._parsed(call_next, msg)
        result = await call_next(msg)
        if delivery.thread_baggage is not None:
            current = otel_context.get_current()
            otel_context.attach(replace(delivery.thread_baggage, current))
        return result

    def _handler(self, call_next: Callable[[Any], Awaitable[Any]]) -> Attributes:
        # Of a single handler the name is known when the span begins.
        if len(self._delivery.subscriber.calls) == 1:
            return {}
        name = running_handler_name(call_next)
        return {conventions.CODE_FUNCTION_NAME: name} if name else {}
