"""Receive spans: messages that the application fetches one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context

from faststream_otel import _conventions as conventions
from faststream_otel import _settling, _spans
from faststream_otel._faults import tell_once
from faststream_otel._running import Running
from faststream_otel._sending import SendScope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from faststream import ContextRepo, StreamMessage

    from faststream_otel._arrival import Arrival
    from faststream_otel._description import Attributes
    from faststream_otel._middleware import TelemetryMiddleware


class ReceiveScope(SendScope):
    """What FastStream makes of our middleware around a message that was fetched.

    By `get_one`, by iteration, or as the answer of `request`. Its span belongs to
    what is current and links the context that the message brings. It is not made
    current: what the application does with the message comes later.
    """

    __slots__ = ("_arrival", "_running")

    def __init__(
        self,
        telemetry: TelemetryMiddleware[Any, Any],
        message: Any,
        context: ContextRepo,
    ) -> None:
        super().__init__(telemetry, message, context)
        self._running: Running | None = None
        self._arrival: Arrival | None = None

    async def on_receive(self) -> None:
        """Begin the span, before anything parses the message."""
        if _spans.is_suppressed(otel_context.get_current()):
            return
        try:
            self._running = self._start_receiving()
        except Exception:
            tell_once("Tracing of a delivery")

    def _start_receiving(self) -> Running | None:
        arrival = self._arrival = self._telemetry._arrival(self.msg, None)
        if arrival is None or not self._telemetry._is_traced(arrival.destination):
            return None
        return Running(
            self._telemetry,
            conventions.RECEIVE,
            arrival.destination,
            arrival.attributes,
            otel_context.get_current(),
            links=arrival.links,
        )

    async def consume_scope(
        self,
        call_next: Callable[[Any], Awaitable[Any]],
        msg: StreamMessage[Any],
    ) -> Any:
        """Record what parsing told about the message, and hand it on."""
        self._parsed(call_next, msg)
        return await call_next(msg)

    def _parsed(
        self,
        call_next: Callable[[Any], Awaitable[Any]],
        msg: StreamMessage[Any],
    ) -> None:
        """Record what parsing told about the message."""
        if self._running is None:
            return
        telemetry, span = self._telemetry, self._running.span
        options = telemetry._options
        recording = span.is_recording()
        if not recording and not options.settle_spans:
            return
        arrival = self._arrival
        assert arrival is not None, "a span began with it"
        try:
            if recording:
                attributes: Attributes = self._handler(call_next)
                if conventions.BATCH_MESSAGE_COUNT not in arrival.attributes:
                    attributes[conventions.MESSAGE_ID] = telemetry._message_id(msg)
                    attributes[conventions.MESSAGE_CONVERSATION_ID] = msg.correlation_id
                if options.record_body_size:
                    size = telemetry._body_size(msg)
                    attributes[conventions.MESSAGE_BODY_SIZE] = size
                span.set_attributes(attributes)
                _spans.call_hook(options.consume_hook, span, msg)
            if options.settle_spans:
                _settling.trace(msg, arrival, telemetry)
        except Exception:
            tell_once("Describing a parsed message")

    def _handler(self, call_next: Callable[[Any], Awaitable[Any]]) -> Attributes:
        """Attributes of the handler that the message was matched to."""
        return {}

    async def after_processed(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> bool | None:
        """End the span, with the error that nothing inside has handled."""
        if self._running is not None:
            self._running.end(exc_val)
        return False
