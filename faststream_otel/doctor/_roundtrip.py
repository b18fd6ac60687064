"""Sends a message of the doctor's own through the middlewares of a broker, in memory.

The application's broker is not touched, and its handlers do not run: one that takes
everything would get this message, too. A broker of the same class has the application's
middlewares instead, with twins in place of this package's, which record for the doctor.
Their spans are not sampled, so that spans of the application's own are not, either.
"""

from __future__ import annotations

import asyncio
import dataclasses
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from secrets import randbits
from typing import TYPE_CHECKING, Any, Final

from faststream import Context
from opentelemetry import baggage
from opentelemetry import context as otel_context
from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Tracer,
    TracerProvider,
    get_current_span,
    use_span,
)

from faststream_otel._faststream import is_faststreams_own
from faststream_otel._telemetry import Telemetry
from faststream_otel.doctor._service import is_ours
from faststream_otel.doctor._starting import own_class, test_broker

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence

    from faststream_otel._middleware import TelemetryMiddleware
    from faststream_otel.doctor._service import Broker, Stack

DESTINATION: Final = "faststream-otel-doctor"
_ENTRY: Final = "faststream-otel-doctor"


@dataclasses.dataclass(frozen=True, slots=True)
class Began:
    """A span that began on the way.

    Attributes:
        kind: Its kind.
        context: Its own context.
        parent: That of its parent, invalid if it has none.
        links: Those that it links.
    """

    kind: SpanKind
    context: SpanContext
    parent: SpanContext
    links: tuple[SpanContext, ...]


@dataclasses.dataclass(slots=True)
class Trip:
    """What became of the message.

    Attributes:
        spans: The spans that began, in order.
        headers: Those of the message as it arrived; None if it did not.
        baggage: Whether an entry of baggage arrived with it.
        error: What was raised on the way.
    """

    spans: list[Began] = dataclasses.field(default_factory=list)
    headers: dict[str, Any] | None = None
    baggage: bool = False
    error: BaseException | None = None

    def first(self, kind: SpanKind) -> Began | None:
        """Give the first span of a kind."""
        return next((each for each in self.spans if each.kind is kind), None)

    @property
    def is_one_trace(self) -> bool:
        """Whether the message is handled below the span that published it."""
        sent, handled = self.first(SpanKind.PRODUCER), self.first(SpanKind.CONSUMER)
        return (
            sent is not None
            and handled is not None
            and handled.parent.span_id == sent.context.span_id
        )

    @property
    def is_linked(self) -> bool:
        """Whether the span that handles it links the one that published it."""
        sent, handled = self.first(SpanKind.PRODUCER), self.first(SpanKind.CONSUMER)
        return (
            sent is not None
            and handled is not None
            and sent.context.span_id in {each.span_id for each in handled.links}
        )


def travel(broker: Broker, stack: Stack, patience: float) -> Trip:
    """Publish a message with the middlewares of a broker, and handle it with a stack.

    Args:
        broker: The broker.
        stack: Its own, or that of a router in it.
        patience: How long the application's middlewares may take, in seconds.
    """
    trip = Trip()
    try:
        # A check may be called in an event loop.
        with ThreadPoolExecutor(1) as thread:
            travelling = _in_time(_travel(broker, stack, trip), patience)
            thread.submit(asyncio.run, travelling).result()
    except Exception as error:
        trip.error = error
    return trip


async def _in_time(travelling: Coroutine[Any, Any, None], patience: float) -> None:
    await asyncio.wait_for(travelling, patience)


async def _travel(broker: Broker, stack: Stack, trip: Trip) -> None:
    kind = own_class(broker.broker)
    twins: dict[int, Any] = {}

    def twin(each: Any) -> Any:
        if not is_ours(each):
            return each
        return twins.setdefault(id(each), _twin(each, trip))

    def made(middlewares: Sequence[Any]) -> Any:
        # FastStream's own records for real.
        kept = [twin(each) for each in middlewares if not is_faststreams_own(each)]
        return kind(middlewares=kept, logger=None)

    sender = made(broker.stack.middlewares)
    receiver = sender if stack is broker.stack else made(stack.middlewares)

    async def handle(body: str, message: Any = Context("message")) -> None:
        del body
        trip.headers = dict(message.headers)
        trip.baggage = baggage.get_baggage(_ENTRY) is not None

    receiver.subscriber(DESTINATION)(handle)
    brokers = (sender,) if receiver is sender else (sender, receiver)
    async with test_broker(broker.broker)(*brokers, connect_only=False):
        with _with_baggage():
            await sender.publish("", DESTINATION)


@contextmanager
def _with_baggage() -> Iterator[None]:
    token = otel_context.attach(baggage.set_baggage(_ENTRY, "1"))
    try:
        yield
    finally:
        otel_context.detach(token)


def _twin(middleware: TelemetryMiddleware[Any, Any], trip: Trip) -> Any:
    """Make a middleware that does the same, excludes nothing, and records a trip."""
    options = dataclasses.replace(middleware.telemetry.options, excludes=None)
    twin = copy(middleware)
    twin.telemetry = Telemetry(
        options, _Provider(trip), NoOpMeterProvider(), NoOpLoggerProvider()
    )
    twin.messages = twin.messages_type(options)
    return twin


class _Provider(TracerProvider):
    """Gives tracers whose spans are not recorded, and noted in a trip."""

    def __init__(self, trip: Trip) -> None:
        self._trip = trip

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        return _Tracer(self._trip)


class _Tracer(Tracer):
    def __init__(self, trip: Trip) -> None:
        self._trip = trip

    def start_span(
        self,
        name: str,
        context: otel_context.Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Any = None,
        links: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Span:
        parent = get_current_span(context).get_span_context()
        own = SpanContext(
            parent.trace_id or randbits(128) or 1,
            randbits(64) or 1,
            is_remote=False,
            trace_state=parent.trace_state,
        )
        linked = tuple(each.context for each in links or ())
        self._trip.spans.append(Began(kind, own, parent, linked))
        return NonRecordingSpan(own)

    @contextmanager
    def start_as_current_span(self, *args: Any, **kwargs: Any) -> Iterator[Span]:  # type: ignore[override]
        with use_span(self.start_span(*args, **kwargs)) as span:
            yield span
