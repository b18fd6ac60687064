"""The middleware that all brokers share: what FastStream and the application call."""

from __future__ import annotations

import functools
import inspect
import logging
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from faststream_otel import _options
from faststream_otel._delivery import current_delivery
from faststream_otel._faststream import middlewares, package_of
from faststream_otel._messages import CommandT, MessageT
from faststream_otel._processing import ProcessScope
from faststream_otel._receiving import ReceiveScope
from faststream_otel._sending import SendScope
from faststream_otel._telemetry import Telemetry
from faststream_otel._wrapped import install, measure_encoding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from faststream import BaseMiddleware, ContextRepo
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.propagators.textmap import TextMapPropagator
    from opentelemetry.trace import TracerProvider
    from typing_extensions import Self

    from faststream_otel._faststream import Broker
    from faststream_otel._messages import Messages
    from faststream_otel._options import BaggageKeys, Hook, Incoming

_logger = logging.getLogger("faststream_otel")


class TelemetryMiddleware(Generic[MessageT, CommandT]):
    """Traces what a broker sends and handles.

    Use the class of your broker's module, one instance per broker.

    Attributes:
        telemetry: Where it records, as its options say.
    """

    messages_type: ClassVar[type[Messages[Any, Any]]]

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
        propagator: TextMapPropagator | None = None,
        incoming: Incoming = "continue",
        baggage_keys: BaggageKeys | None = None,
        capture_headers: Iterable[str] | None = None,
        destination_templates: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        publish_hook: Hook | None = None,
        consume_hook: Hook | None = None,
        create_spans: bool = False,
        settle_spans: bool = False,
        record_body_size: bool = False,
        record_queue_time: bool = False,
    ) -> None:
        """Make a middleware; every option has a default.

        Args:
            tracer_provider: Where spans go. Default: the global provider, even if it
                is set later.
            meter_provider: Where metrics go. Default: the global provider, even if it
                is set later.
            logger_provider: Where exceptions go, if
                `OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN` makes them log events.
                Default: the global provider.
            propagator: How context travels in headers. Default: the global
                propagator, looked up for each message.
            incoming: What the context of a received message means.
                `"continue"`: the sender's span is the parent, and is linked.
                `"link"`: a new trace begins, with a link to the sender's span.
                `"ignore"`: a new trace begins, and nothing in the headers is
                trusted, not even baggage.
            baggage_keys: Which baggage keys are accepted and sent on: a collection
                of keys, or a function that takes a key and returns whether it is
                accepted. Default: all.
            capture_headers: Names of headers, in any case, to be recorded as
                `messaging.header.<name>`, in lower case with `_` for `-`. Default:
                the names in
                `OTEL_INSTRUMENTATION_MESSAGING_EXPERIMENTAL_HEADERS_INCLUDED`,
                separated by commas.
            destination_templates: Patterns of destination names, as in
                `user.{id}.created`. The pattern takes the place of a name that
                matches, in span names and metrics. If several match, the first one
                is used.
            exclude: Patterns, as in `fnmatch`, of destinations that are not traced;
                context still passes through. Default: the patterns in
                `OTEL_PYTHON_FASTSTREAM_EXCLUDED_DESTINATIONS`, separated by commas.
            publish_hook: Called with a span and the command that is sent, to enrich
                the span. It may add headers to the command. An exception that it
                raises is logged once, and does not reach the application.
            consume_hook: Called with a span and the message that was received, to
                enrich the span. An exception that it raises is logged once, and does
                not reach the application.
            create_spans: Record a create span for each message of a published batch,
                and send each message with the context of its own span. Only for
                Kafka, whose clients take headers for each message.
            settle_spans: Record spans for ack, nack and reject.
            record_body_size: Record the size of each body, in bytes, as FastStream
                encodes it.
            record_queue_time: Record how long messages waited to be delivered, in
                seconds, if the broker says when they were sent: Kafka, RabbitMQ,
                NATS JetStream and Redis streams.

        Raises:
            ValueError: An option has an invalid value.
            TypeError: An option has a value of the wrong type.
        """
        for name, provider in (
            ("tracer_provider", tracer_provider),
            ("meter_provider", meter_provider),
            ("logger_provider", logger_provider),
        ):
            _options.refuse_class(name, provider)
        options = _options.check(
            propagator=propagator,
            incoming=incoming,
            baggage_keys=baggage_keys,
            capture_headers=capture_headers,
            destination_templates=destination_templates,
            exclude=exclude,
            publish_hook=publish_hook,
            consume_hook=consume_hook,
            create_spans=create_spans,
            settle_spans=settle_spans,
            record_body_size=record_body_size,
            record_queue_time=record_queue_time,
        )
        install(_prepare)
        if record_body_size:
            measure_encoding()
        self.telemetry = Telemetry(
            options, tracer_provider, meter_provider, logger_provider
        )
        self.messages: Messages[MessageT, CommandT] = self.messages_type(options)

    if not TYPE_CHECKING:

        @functools.wraps(__init__)
        def __new__(cls, *arguments: Any, **options: Any) -> Self:
            # FastStream calls the class with a message where an instance is missing.
            if arguments or "context" in options:
                raise TypeError(
                    f"{cls.__name__} is a class: pass an instance to the broker, "
                    f"middlewares=[{cls.__name__}()]"
                )
            known = inspect.signature(TelemetryMiddleware.__init__).parameters
            _options.refuse_unknown(cls.__name__, options, list(known)[1:])
            return super().__new__(cls)

    def __call__(
        self,
        msg: MessageT | None,
        /,
        *,
        context: ContextRepo,
    ) -> BaseMiddleware[Any, Any]:
        """Make what FastStream runs around one message; FastStream calls it."""
        if msg is None:
            return SendScope(self.telemetry, self.messages, msg, context)
        delivery = current_delivery.get()
        if delivery is None or delivery.message is not msg:
            return ReceiveScope(self.telemetry, self.messages, msg, context)
        return ProcessScope(self.telemetry, self.messages, context, delivery)


_told_apart: set[tuple[int, int]] = set()


def _prepare(broker: Broker) -> None:
    """Tell the middlewares of `broker` whom they serve, before it connects."""
    served: set[int] = set()
    for stack in middlewares(broker):
        outer: TelemetryMiddleware[Any, Any] | None = None
        for each in stack:
            if isinstance(each, type) and issubclass(each, TelemetryMiddleware):
                raise TypeError(
                    f"{each.__name__} is a class: pass an instance to the broker, "
                    f"middlewares=[{each.__name__}()]"
                )
            if not isinstance(each, TelemetryMiddleware):
                continue
            if id(each) not in served:
                served.add(id(each))
                _serve(each, broker)
            if outer is None:
                outer = each
                continue
            # A message may pass both: the outer one records it.
            outer.messages.is_doubled = each.messages.is_doubled = True
            _tell_apart(outer, each)


def _serve(middleware: TelemetryMiddleware[Any, Any], broker: Broker) -> None:
    wanted, found = middleware.messages.package, package_of(broker)
    if found != wanted:
        raise TypeError(
            f"{type(middleware).__module__}.{type(middleware).__name__} is for brokers "
            f"of faststream.{wanted}, but was passed to a {type(broker).__name__} of "
            f"faststream.{found}: use the one from faststream_otel.{found}"
        )
    middleware.messages.bind(broker)


def _tell_apart(
    outer: TelemetryMiddleware[Any, Any], inner: TelemetryMiddleware[Any, Any]
) -> None:
    pair = id(outer), id(inner)
    if (
        pair in _told_apart
        or outer is inner
        or outer.telemetry.is_like(inner.telemetry)
    ):
        return
    _told_apart.add(pair)
    _logger.warning(
        "A broker and one of its routers have telemetry middlewares with different "
        "options: a message that passes both is recorded once, by the broker's."
    )
