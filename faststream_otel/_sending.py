"""Publish, request and reply spans."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from faststream import BaseMiddleware
from faststream.response import PublishType
from opentelemetry import context as otel_context
from opentelemetry.trace import Link, SpanKind

from faststream_otel import _conventions as conventions
from faststream_otel._creating import Creation, creation_of
from faststream_otel._delivery import came_along, current_delivery, once, restore
from faststream_otel._faults import FAULTS, tell_once
from faststream_otel._headers import captured
from faststream_otel._measuring import BodySizes
from faststream_otel._operation import StartedOperation
from faststream_otel._outgoing import OutgoingHeaders, enriched, in_body
from faststream_otel._propagation import NOTHING_WRITTEN
from faststream_otel._recording import is_suppressed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from faststream import ContextRepo
    from faststream.response import PublishCommand
    from opentelemetry.context import Context

    from faststream_otel._destination import Attributes, Destination
    from faststream_otel._messages import Messages
    from faststream_otel._propagation import Written
    from faststream_otel._telemetry import Telemetry

_OPERATIONS: Final = {
    PublishType.REQUEST: conventions.REQUEST,
    PublishType.REPLY: conventions.REPLY,
}


class SendScope(BaseMiddleware[Any, Any]):
    """What FastStream makes of our middleware around what is sent.

    Args:
        telemetry: Where it is recorded.
        messages: Describes commands and messages.
        message: What FastStream makes the scope for; None if that is a publish.
        context: FastStream's context.
    """

    __slots__ = ("messages", "telemetry")

    def __init__(
        self,
        telemetry: Telemetry,
        messages: Messages[Any, Any],
        message: Any,
        context: ContextRepo,
    ) -> None:
        # What `super().__init__` does: there is one per message, and a call is dear.
        self.msg = message
        self.context = context
        self.telemetry = telemetry
        self.messages = messages

    def publish_scope(
        self,
        call_next: Callable[[Any], Awaitable[Any]],
        cmd: PublishCommand,
    ) -> Coroutine[Any, Any, Any]:
        """Send a message, or a batch, inside its span."""
        # No coroutine of its own: each is dear.
        if self.messages.is_doubled:
            return once(cmd, call_next, self._publish)
        return self._publish(call_next, cmd)

    async def _publish(
        self,
        call_next: Callable[[Any], Awaitable[Any]],
        cmd: PublishCommand,
    ) -> Any:
        delivery = current_delivery.get()
        if delivery is not None and delivery.pending_baggage is not None:
            delivery.adopt_baggage()
        before = otel_context.get_current()
        if before and is_suppressed(before):
            return await call_next(cmd)
        sending = Sending(self.telemetry, self.messages, cmd)
        try:
            call_next = sending.begin(call_next, before)
        except FAULTS:
            tell_once("Tracing of a publish")
        operation = sending.operation
        if operation is None:
            try:
                return await call_next(cmd)
            finally:
                sending.end()
        token = otel_context.attach(operation.context)
        try:
            answer = await call_next(cmd)
        except BaseException as error:
            sending.end(error)
            raise
        else:
            if answer is not None:
                sending.answered(answer)
            return answer
        finally:
            restore(token)
            sending.end()


class Sending:
    """A command on its way: its span, and what was written into its headers.

    Args:
        telemetry: Where it is recorded.
        messages: Describes commands.
        cmd: What is sent.

    Attributes:
        operation: What has begun; None if nothing is recorded.
    """

    __slots__ = (
        "_cmd",
        "_creation",
        "_headers",
        "_messages",
        "_sizes",
        "_telemetry",
        "_unsent",
        "operation",
    )

    def __init__(
        self, telemetry: Telemetry, messages: Messages[Any, Any], cmd: PublishCommand
    ) -> None:
        self._telemetry = telemetry
        self._messages = messages
        self._cmd = cmd
        self._headers: OutgoingHeaders | None = None
        self._creation: Creation | None = None
        self._sizes: BodySizes | None = None
        # The headers of a command whose body has others, which are sent.
        self._unsent: tuple[dict[str, Any], ...] = ()
        self.operation: StartedOperation | None = None

    def begin(
        self, call_next: Callable[[Any], Awaitable[Any]], before: Context
    ) -> Callable[[Any], Awaitable[Any]]:
        """Begin the span, and give the command the headers that carry it.

        Args:
            call_next: What sends the command; what sends it now is returned.
            before: The context in which it is sent.
        """
        telemetry, cmd = self._telemetry, self._cmd
        options = telemetry.options
        headers = cmd.headers
        as_they_are = self._messages.sent_as_they_are
        if as_they_are and type(cmd.body) in as_they_are:
            self._unsent = (headers,)
            cmd.headers = headers = dict(cmd.body.headers or {})
            call_next = in_body(call_next, as_they_are)
        is_batch = self._messages.sends_batches and _sends_batch(call_next)
        written = NOTHING_WRITTEN
        if headers:
            written = telemetry.propagation.written(headers, came_along)
        if options.record_body_size:
            # Whether it is recorded or not: the size is of no other message.
            self._sizes = BodySizes()
        if not (telemetry.known_to_record or telemetry.records()):
            self._carry(headers, headers, before, written)
            return call_next
        destination, particular = self._messages.sent(cmd)
        if destination.excluded:
            self._carry(headers, headers, before, written)
            return call_next

        self.operation = sending = self._start(
            destination, particular, before, written, is_batch=is_batch
        )
        wanted = headers
        if sending.recording and options.publish_hook is not None:
            wanted = enriched(cmd, options.publish_hook, sending.span)
            if wanted is not headers:
                written = telemetry.propagation.written(wanted or {}, came_along)
        self._carry(headers, wanted, sending.context, written)
        if self._creation is not None and self._headers is not None:
            return self._creation.in_each_message(call_next, self._headers)
        return call_next

    def _start(
        self,
        destination: Destination,
        particular: Attributes,
        before: Context,
        written: Written,
        *,
        is_batch: bool,
    ) -> StartedOperation:
        telemetry, cmd = self._telemetry, self._cmd
        operation = conventions.PUBLISH
        if cmd.publish_type is not PublishType.PUBLISH:
            operation = _OPERATIONS.get(cmd.publish_type, operation)
        kind: SpanKind = operation.kind
        links: tuple[Link, ...] = ()
        if written.creation is not None:
            # Whoever creates a message's context is its producer: not we.
            kind, links = SpanKind.CLIENT, (Link(written.creation),)
        names = telemetry.options.capture_headers
        if names and cmd.headers:
            particular.update(captured(names, cmd.headers))
        if is_batch:
            for name in conventions.OF_SINGLE_MESSAGES:
                particular.pop(name, None)
            self._creation = creation_of(
                cmd, telemetry, self._messages, destination, particular, before
            )
            particular[conventions.BATCH_MESSAGE_COUNT] = len(cmd.batch_bodies)
            if self._creation is not None:
                kind, links = SpanKind.CLIENT, tuple(map(Link, self._creation.contexts))
        return StartedOperation(
            telemetry, operation, destination, particular, before, kind, links
        )

    def answered(self, answer: Any) -> None:
        """Add what the broker's answer tells, to span and metrics."""
        operation = self.operation
        if operation is None or operation.is_batch:
            return
        if not operation.recording and not self._telemetry.records_metrics():
            return
        try:
            attributes = self._messages.answered(answer)
        except FAULTS:
            tell_once("Describing a broker's answer")
            return
        operation.particular.update(attributes)
        operation.describe(attributes)

    def end(self, error: BaseException | None = None) -> None:
        """End what has begun, once, and give the command its headers back.

        Args:
            error: What ended the send.
        """
        if self._headers is not None:
            try:
                self._headers.take_back(self._cmd)
            except FAULTS:
                tell_once("Taking back headers")
            self._headers = None
        for unsent in self._unsent:
            self._cmd.headers = unsent
        operation = self.operation
        sizes = self._sizes
        if sizes is not None:
            self._sizes = None
            sizes.end(operation, self._messages, self._cmd)
        if self._creation is not None:
            self._creation.end(sizes.sizes if sizes else ())
            self._creation = None
        if operation is not None:
            operation.end(error)

    def _carry(
        self,
        headers: dict[str, Any],
        wanted: dict[str, Any],
        context: Context,
        written: Written,
    ) -> None:
        """Give the command headers that carry a context, if that is not empty."""
        carrier: dict[str, Any] = {}
        if context and self._messages.carries_context:
            operation = self.operation
            span = None if operation is None else operation.span
            carrier = self._telemetry.propagation.inject(context, written, span)
        if carrier or written.forwarded or wanted is not headers:
            self._headers = OutgoingHeaders(
                self._cmd, headers, wanted, written.forwarded, carrier
            )
        else:
            self._cmd.headers = headers


def _sends_batch(call_next: Any) -> bool:
    """Whether a publish scope is inside `publish_batch`."""
    while isinstance(call_next, partial):
        call_next = call_next.args[0]
    return getattr(call_next, "__name__", "") == "publish_batch"
