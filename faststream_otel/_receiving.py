"""Receive spans: messages that the application fetches one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from faststream_otel import _conventions as conventions
from faststream_otel._arrival import arrival_of
from faststream_otel._delivery import fetched, under_way
from faststream_otel._faults import FAULTS, tell_once
from faststream_otel._operation import StartedOperation
from faststream_otel._options import called
from faststream_otel._recording import is_suppressed
from faststream_otel._sending import SendScope
from faststream_otel._settling import trace_settlement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from faststream import ContextRepo, StreamMessage
    from typing_extensions import Self

    from faststream_otel._destination import Attributes
    from faststream_otel._messages import Messages
    from faststream_otel._telemetry import Telemetry


class ReceiveScope(SendScope):
    """What FastStream makes of our middleware around a message that was fetched.

    By `get_one`, by iteration, or as the answer of `request`. Its span belongs to
    what is current and links the context that the message brings. It is not made
    current: what the application does with the message comes later.
    """

    __slots__ = ("_carried", "operation")

    def __init__(
        self,
        telemetry: Telemetry,
        messages: Messages[Any, Any],
        message: Any,
        context: ContextRepo,
    ) -> None:
        super().__init__(telemetry, messages, message, context)
        self.operation: StartedOperation | None = None
        # The headers of the message that carry context.
        self._carried: dict[Any, Any] = {}

    async def __aenter__(self) -> Self:
        """Begin the span, before anything parses the message."""
        # FastStream's calls `on_receive`, which is one coroutine more: each is dear.
        try:
            self.operation = self._begin()
        except FAULTS:
            tell_once("Tracing of a delivery")
        return self

    def _begin(self) -> StartedOperation | None:
        telemetry, messages = self.telemetry, self.messages
        if messages.is_doubled:
            if under_way.get() is self.msg:
                return None
            under_way.set(self.msg)
        current = otel_context.get_current()
        if current and is_suppressed(current):
            return None
        described = messages.received(self.msg, None)
        if not described:
            return None
        arrival = arrival_of(described, messages, None, telemetry, Context())
        for headers in arrival.headers:
            for name in telemetry.propagation.context_headers(headers):
                self._carried[name] = headers[name]
        if arrival.destination.excluded or not (
            telemetry.known_to_record or telemetry.records()
        ):
            return None
        return StartedOperation(
            telemetry,
            conventions.RECEIVE,
            arrival.destination,
            arrival.attributes,
            current,
            links=arrival.links,
        )

    async def consume_scope(
        self,
        call_next: Callable[[Any], Awaitable[Any]],
        msg: StreamMessage[Any],
    ) -> Any:
        """Record what parsing told about the message, and hand it on."""
        try:
            fetched(msg, self._carried)
        except FAULTS:
            tell_once("Remembering a fetched message")
        if self.operation is not None:
            self._parsed(self.operation, call_next, msg)
        return await call_next(msg)

    def _parsed(
        self,
        operation: StartedOperation,
        call_next: Callable[[Any], Awaitable[Any]],
        msg: StreamMessage[Any],
    ) -> None:
        """Record what parsing told about the message."""
        options = self.telemetry.options
        if not (operation.recording or options.settle_spans):
            return
        try:
            known, found = operation.particular, {}
            # Of a single handler the name is known when the span begins.
            if conventions.CODE_FUNCTION_NAME not in operation.given:
                found = self._handler(call_next)
            if conventions.BATCH_MESSAGE_COUNT not in known:
                if msg.message_id != known.get(
                    conventions.MESSAGE_ID
                ) or msg.correlation_id != known.get(
                    conventions.MESSAGE_CONVERSATION_ID
                ):
                    found.update(self._ids(known, msg))
                # Settling the message has them, too.
                known.update(found)
                if options.record_body_size and isinstance(msg.body, bytes):
                    found[conventions.MESSAGE_BODY_SIZE] = len(msg.body)
            operation.describe(found)
        except FAULTS:
            tell_once("Describing a parsed message")
        if operation.recording and options.consume_hook is not None:
            called(options.consume_hook, "The hook", operation.span, msg)
        if options.settle_spans:
            try:
                trace_settlement(msg, operation, self.telemetry, self.messages)
            except FAULTS:
                tell_once("Tracing of a settlement")

    def _ids(self, known: Attributes, msg: StreamMessage[Any]) -> Attributes:
        """Give the ids of a parsed message that are not known yet."""
        found: Attributes = {}
        message_id, conversation_id = self.messages.message_id(msg), msg.correlation_id
        if message_id and known.get(conventions.MESSAGE_ID) != message_id:
            found[conventions.MESSAGE_ID] = str(message_id)
        if (
            conversation_id
            and known.get(conventions.MESSAGE_CONVERSATION_ID) != conversation_id
        ):
            found[conventions.MESSAGE_CONVERSATION_ID] = str(conversation_id)
        return found

    def _handler(self, call_next: Callable[[Any], Awaitable[Any]]) -> Attributes:
        """Attributes of the handler that the message was matched to."""
        return {}

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> bool | None:
        """End the span, with the error that nothing inside has handled."""
        if self.operation is not None:
            self.operation.end(exc_val)
        return False
