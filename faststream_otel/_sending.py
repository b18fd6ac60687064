"""Publish, request and reply spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faststream import BaseMiddleware
from faststream.response import PublishType
from opentelemetry import context as otel_context
from opentelemetry.trace import Link, SpanKind

from faststream_otel import _conventions as conventions
from faststream_otel import _creating, _spans
from faststream_otel._faststream import current_delivery, sends_batch
from faststream_otel._faults import tell_once
from faststream_otel._propagation import NOTHING_CARRIED
from faststream_otel._running import Running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from faststream import ContextRepo
    from faststream.response import PublishCommand
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from faststream_otel._creating import HeadersOfEach
    from faststream_otel._middleware import TelemetryMiddleware
    from faststream_otel._propagation import Carried

_OPERATIONS = {
    PublishType.REQUEST: conventions.REQUEST,
    PublishType.REPLY: conventions.REPLY,
}


class SendScope(BaseMiddleware[Any, Any]):
    """What FastStream makes of our middleware around what is sent.

    A scope knows no broker: the middleware that made it describes commands for it.
    Whatever fails in here is told once, and the message goes on.
    """

    __slots__ = ("_telemetry",)

    def __init__(
        self,
        telemetry: TelemetryMiddleware[Any, Any],
        message: Any,
        context: ContextRepo,
    ) -> None:
        # What `super().__init__` does: there is one a message, and a call is dear.
        self.msg = message
        self.context = context
        self._telemetry = telemetry

    async def publish_scope(
        self,
        call_next: Callable[[Any], Awaitable[Any]],
        cmd: PublishCommand,
    ) -> Any:
        """Send a message, or a batch, inside its span."""
        before = otel_context.get_current()
        if _spans.is_suppressed(before):
            return await call_next(cmd)
        written = cmd.headers
        try:
            sending = self._start(call_next, cmd, before)
        except Exception:
            tell_once("Tracing of a publish")
            sending = None
        if sending is None:
            return await call_next(cmd)

        token = otel_context.attach(sending.context)
        try:
            answer = await call_next(cmd)
        except BaseException as error:
            # A middleware around ours may try again: it is to find what the caller
            # wrote, not our context as if it were the caller's.
            cmd.headers = written
            sending.end(error)
            raise
        else:
            if sending.span.is_recording() and answer is not None:
                self._add_answer(sending, answer)
            return answer
        finally:
            otel_context.detach(token)
            sending.end()

    def _start(
        self,
        call_next: Callable[[Any], Awaitable[Any]],
        cmd: PublishCommand,
        before: Context,
    ) -> Running | None:
        """Begin the span, and give the command the headers that carry it."""
        telemetry = self._telemetry
        options, propagation = telemetry._options, telemetry._propagation
        outgoing = telemetry._describe_command(cmd)
        headers = cmd.headers

        operation = conventions.PUBLISH
        if cmd.publish_type is not PublishType.PUBLISH:
            operation = _OPERATIONS.get(cmd.publish_type, operation)
        kind: SpanKind = operation.kind
        links: tuple[Link, ...] = ()
        carried = propagation.carried(headers)
        if carried.creation.is_valid:
            delivery = current_delivery.get()
            if delivery is not None and carried.ids in delivery.creations:
                # The handler passes on the headers that it was given.
                carried = NOTHING_CARRIED
            else:
                # Whoever creates a message's context is its producer: not we.
                kind, links = SpanKind.CLIENT, (Link(carried.creation),)

        destination = outgoing.destination
        if not telemetry._is_traced(destination):
            cmd.headers = self._carrying(headers, before, carried)
            return None

        particular = outgoing.attributes
        if options.capture_headers and headers:
            particular.update(_spans.captured(options, headers))
        created: HeadersOfEach | None = None
        if telemetry._sends_batches and sends_batch(call_next):
            for name in conventions.OF_SINGLE_MESSAGES:
                particular.pop(name, None)
            count = len(cmd.batch_bodies)
            if options.create_spans and telemetry._takes_headers_of_each and count:
                creations, created = _creating.create(
                    cmd, telemetry, destination, particular, before
                )
                kind, links = SpanKind.CLIENT, tuple(map(Link, creations))
            particular = {**particular, conventions.BATCH_MESSAGE_COUNT: count}
        sending = Running(
            telemetry,
            operation,
            destination,
            particular,
            before,
            kind=kind,
            links=links,
        )
        if sending.span.is_recording():
            self._enrich(sending.span, cmd)
        cmd.headers = created or self._carrying(headers, sending.context, carried)
        return sending

    def _carrying(
        self, headers: dict[str, Any], context: Context, carried: Carried
    ) -> dict[str, Any]:
        telemetry = self._telemetry
        # An empty context has nothing to tell.
        if not telemetry._carries_context or not context:
            return headers
        return telemetry._propagation.inject(headers, context, carried)

    def _add_answer(self, sending: Running, answer: Any) -> None:
        if sending.is_batch:
            return
        try:
            sending.span.set_attributes(self._telemetry._describe_answer(answer))
        except Exception:
            tell_once("Describing a broker's answer")

    def _enrich(self, span: Span, cmd: PublishCommand) -> None:
        options = self._telemetry._options
        if options.record_body_size:
            try:
                serializer = self._telemetry._serializer
                size = sum(
                    _spans.body_size(each, serializer) for each in cmd.batch_bodies
                )
                span.set_attribute(conventions.MESSAGE_BODY_SIZE, size)
            except Exception:
                # Such as aio-pika's own message, which only its client encodes.
                tell_once("Measuring a body")
        _spans.call_hook(options.publish_hook, span, cmd)
