"""The spans around publishing and processing a message.

A scope knows no broker: the middleware that made it describes messages for it.
Whatever fails in here is told once, and the message goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from faststream import BaseMiddleware
from faststream.response import PublishType
from opentelemetry import context as otel_context
from opentelemetry.trace import Link, SpanKind, set_span_in_context

from faststream_otel import _conventions as conventions
from faststream_otel import _outcome, _propagation
from faststream_otel._faststream import current_delivery, running_handler_name
from faststream_otel._faults import tell_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from faststream import ContextRepo, StreamMessage
    from faststream.response import PublishCommand
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext

    from faststream_otel._faststream import Delivery
    from faststream_otel._middleware import TelemetryMiddleware

# Two keys are in use: the API's own, and the one of older instrumentations.
_SUPPRESSION_KEYS = (
    getattr(otel_context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation"),
    "suppress_instrumentation",
)


def _is_suppressed(context: Context) -> bool:
    own, common = _SUPPRESSION_KEYS
    return bool(context.get(own) or context.get(common))


class _Sending(NamedTuple):
    """A publish span that has begun, and what is sent along."""

    span: Span
    context: Context
    headers: dict[str, Any]


class PublishScope(BaseMiddleware[Any, Any]):
    """What FastStream makes of our middleware for a publish outside any message."""

    __slots__ = ("_telemetry",)

    def __init__(
        self,
        telemetry: TelemetryMiddleware[Any, Any],
        message: Any,
        context: ContextRepo,
    ) -> None:
        super().__init__(message, context=context)
        self._telemetry = telemetry

    async def publish_scope(
        self,
        call_next: Callable[[Any], Awaitable[Any]],
        cmd: PublishCommand,
    ) -> Any:
        """Send a message inside a publish, request or reply span."""
        before = otel_context.get_current()
        sending = None if _is_suppressed(before) else self._start_sending(cmd, before)
        if sending is None:
            return await call_next(cmd)

        written = cmd.headers
        cmd.headers = sending.headers
        token = otel_context.attach(sending.context)
        try:
            return await call_next(cmd)
        except BaseException as error:
            # A middleware around ours may try again: it is to find what the caller
            # wrote, not our context as if it were the caller's.
            cmd.headers = written
            _end(sending.span, error)
            raise
        finally:
            otel_context.detach(token)
            _end(sending.span)

    def _start_sending(self, cmd: PublishCommand, before: Context) -> _Sending | None:
        try:
            outgoing = self._telemetry._describe_command(cmd)
            operation = _SENDS.get(cmd.publish_type, conventions.PUBLISH)
            kind, links = operation.kind, None
            creation, keep = _propagation.carried(cmd.headers)
            if creation.is_valid:
                delivery = current_delivery.get()
                if delivery is not None and _is_same(creation, delivery.creation):
                    # The handler passes on the headers that it was given.
                    keep = frozenset()
                else:
                    # Whoever creates a message's context is its producer: not we.
                    kind, links = SpanKind.CLIENT, (Link(creation),)

            name, attributes = outgoing.destination.start(operation)
            span = self._telemetry._tracer.start_span(
                name, before, kind, {**attributes, **outgoing.attributes}, links
            )
            context = set_span_in_context(span, before)
            headers = _propagation.inject(cmd.headers, context, keep)
            return _Sending(span, context, headers)
        except Exception:
            tell_once("Tracing of a publish")
            return None


def _is_same(one: SpanContext, other: SpanContext) -> bool:
    return (one.trace_id, one.span_id) == (other.trace_id, other.span_id)


_SENDS = {
    PublishType.PUBLISH: conventions.PUBLISH,
    PublishType.REQUEST: conventions.REQUEST,
    PublishType.REPLY: conventions.REPLY,
}


class ProcessScope(PublishScope):
    """What FastStream makes of our middleware for a message given to a handler.

    The span begins before the message is parsed, so that parsing, filters, the
    handler, what it publishes and FastStream's log lines all belong to it.
    """

    __slots__ = ("_delivery", "_span")

    def __init__(
        self,
        telemetry: TelemetryMiddleware[Any, Any],
        context: ContextRepo,
        delivery: Delivery,
    ) -> None:
        super().__init__(telemetry, delivery.message, context)
        self._delivery = delivery
        self._span: Span | None = None

    async def on_receive(self) -> None:
        """Begin the process span and make it current."""
        if _is_suppressed(otel_context.get_current()):
            return
        try:
            self._span = self._start()
        except Exception:
            tell_once("Tracing of a delivery")

    def _start(self) -> Span | None:
        delivery = self._delivery
        incoming = self._telemetry._describe_message(
            delivery.message, delivery.subscriber
        )
        if incoming is None:
            return None
        context = _propagation.extract(incoming.headers)
        creation = delivery.creation = _propagation.span_context(context)
        name, attributes = incoming.destination.start(conventions.PROCESS)
        span = self._telemetry._tracer.start_span(
            name,
            context,
            conventions.PROCESS.kind,
            {**attributes, **incoming.attributes},
            (Link(creation),) if creation.is_valid else None,
        )
        # Nothing detaches it here: see `_faststream.install`.
        otel_context.attach(set_span_in_context(span, context))
        return span

    async def consume_scope(
        self,
        call_next: Callable[[Any], Awaitable[Any]],
        msg: StreamMessage[Any],
    ) -> Any:
        """Call the handler, with what parsing told about the message recorded."""
        span = self._span
        if span is not None and span.is_recording():
            self._add_parsed(span, call_next, msg)
        return await call_next(msg)

    def _add_parsed(
        self,
        span: Span,
        call_next: Callable[[Any], Awaitable[Any]],
        msg: StreamMessage[Any],
    ) -> None:
        try:
            attributes = {
                conventions.MESSAGE_ID: msg.message_id,
                conventions.MESSAGE_CONVERSATION_ID: msg.correlation_id,
            }
            if len(self._delivery.subscriber.calls) > 1:
                handler = running_handler_name(call_next)
                if handler is not None:
                    attributes[conventions.CODE_FUNCTION_NAME] = handler
            span.set_attributes(attributes)
        except Exception:
            tell_once("Describing a parsed message")

    async def after_processed(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> bool | None:
        """End the process span, with the error that nothing inside has handled."""
        if self._span is not None:
            _end(self._span, exc_val)
        return False


def _end(span: Span, error: BaseException | None = None) -> None:
    """End `span`, once; what processors and exporters raise stays here."""
    try:
        if error is not None:
            _outcome.record(span, error)
        if span.is_recording():
            span.end()
    except Exception:
        tell_once("Ending a span")
