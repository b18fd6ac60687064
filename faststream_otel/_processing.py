"""Process spans: messages that FastStream gives to a handler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context

from faststream_otel import _conventions as conventions
from faststream_otel._arrival import arrival_of
from faststream_otel._faststream import running_handler_name
from faststream_otel._faults import FAULTS, tell_once
from faststream_otel._operation import StartedOperation
from faststream_otel._receiving import ReceiveScope
from faststream_otel._recording import is_suppressed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from faststream import ContextRepo, StreamMessage
    from faststream.response import PublishCommand
    from typing_extensions import Self

    from faststream_otel._delivery import Delivery
    from faststream_otel._destination import Attributes
    from faststream_otel._messages import Messages
    from faststream_otel._telemetry import Telemetry


class ProcessScope(ReceiveScope):
    """What FastStream makes of our middleware around a handler.

    The span begins before the message is parsed, so that parsing, filters, the
    handler, what it publishes and FastStream's log lines all belong to it.
    """

    __slots__ = ("delivery",)

    def __init__(
        self,
        telemetry: Telemetry,
        messages: Messages[Any, Any],
        context: ContextRepo,
        delivery: Delivery,
    ) -> None:
        # As in `SendScope`.
        self.msg = delivery.message
        self.context = context
        self.telemetry = telemetry
        self.messages = messages
        self.operation = None
        self.delivery = delivery

    async def __aenter__(self) -> Self:
        """Begin the span, before anything parses the message."""
        # Unless a middleware further out records this delivery.
        if self.delivery.scope is None:
            self.delivery.scope = self
            try:
                self.operation = self._begin()
            except FAULTS:
                tell_once("Tracing of a delivery")
        return self

    def _begin(self) -> StartedOperation | None:
        telemetry, messages, delivery = self.telemetry, self.messages, self.delivery
        # The delivery began in an empty context: what is there, a middleware further
        # out has attached.
        current = otel_context.get_current()
        if current and is_suppressed(current):
            return None
        subscriber = delivery.subscriber
        described = messages.received(delivery.message, subscriber)
        if not described:
            return None
        arrival = arrival_of(described, messages, subscriber, telemetry, current)
        delivery.headers = arrival.headers
        delivery.batch_baggage = arrival.batch_baggage
        # Nothing in here puts back what was current before: see `_wrapped.install`.
        if arrival.destination.excluded or not (
            telemetry.known_to_record or telemetry.records()
        ):
            otel_context.attach(arrival.context)
            return None
        operation = StartedOperation(
            telemetry,
            conventions.PROCESS,
            arrival.destination,
            arrival.attributes,
            arrival.context,
            links=arrival.links,
        )
        operation.subscriber = subscriber
        otel_context.attach(operation.context)
        for sent in arrival.sent:
            telemetry.metrics.record_queue_time(
                arrival.destination,
                operation.partition(),
                operation.began - sent,
                operation.context,
            )
        return operation

    async def consume_scope(
        self,
        call_next: Callable[[Any], Awaitable[Any]],
        msg: StreamMessage[Any],
    ) -> Any:
        """Call the handler."""
        if self.operation is not None:
            self._parsed(self.operation, call_next, msg)
        result = await call_next(msg)
        if self.delivery.pending_baggage is not None:
            self.delivery.adopt_baggage()
        return result

    async def publish_scope(
        self,
        call_next: Callable[[Any], Awaitable[Any]],
        cmd: PublishCommand,
    ) -> Any:
        """Publish what the handler returned."""
        if self.delivery.scope is not self:
            return await call_next(cmd)
        return await self._publish(call_next, cmd)

    def _handler(self, call_next: Callable[[Any], Awaitable[Any]]) -> Attributes:
        name = running_handler_name(call_next)
        return {conventions.CODE_FUNCTION_NAME: name} if name else {}
