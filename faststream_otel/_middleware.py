"""The middleware that all brokers share: its options, and what it asks of a broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from weakref import WeakKeyDictionary

from faststream.response import PublishCommand
from opentelemetry import trace

from faststream_otel import __version__, _arrival, _options
from faststream_otel import _conventions as conventions
from faststream_otel._description import Destination, Incoming, Outgoing
from faststream_otel._exceptions import Exceptions
from faststream_otel._faststream import (
    current_delivery,
    handler_name,
    install,
    serializer,
    server,
)
from faststream_otel._metrics import Metrics
from faststream_otel._processing import ProcessScope
from faststream_otel._propagation import Propagation
from faststream_otel._providers import Providers
from faststream_otel._receiving import ReceiveScope
from faststream_otel._sending import SendScope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fast_depends.library.serializer import SerializerProto
    from faststream import BaseMiddleware, ContextRepo, StreamMessage
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.propagators.textmap import TextMapPropagator
    from opentelemetry.trace import TracerProvider

    from faststream_otel._arrival import Arrival
    from faststream_otel._conventions import Operation
    from faststream_otel._description import Attributes
    from faststream_otel._faststream import Broker, Subscriber
    from faststream_otel._options import BaggageKeys, Hook
    from faststream_otel._options import Incoming as IncomingOption

MessageT = TypeVar("MessageT")
CommandT = TypeVar("CommandT", bound=PublishCommand)

# Destinations are remembered by name, and names may come from users.
_MOST_DESTINATIONS = 1024


class Source:
    """What a subscriber declared, and the destinations that messages came from.

    Args:
        attributes: What is equal for all messages of the subscriber.
    """

    __slots__ = ("attributes", "destinations", "mixed")

    def __init__(self, attributes: Attributes) -> None:
        self.attributes = attributes
        self.destinations: dict[Any, Destination] = {}
        self.mixed = Destination("", attributes)


class TelemetryMiddleware(Generic[MessageT, CommandT]):
    """Traces what a broker sends and handles.

    Use the class of your broker's module, one instance a broker.
    """

    _system: ClassVar[str]
    _default_port: ClassVar[int]
    # Whether FastStream has `publish_batch` for it.
    _sends_batches: ClassVar[bool] = False
    # Whether the client takes headers for each message of a batch.
    _takes_headers_of_each: ClassVar[bool] = False

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
        propagator: TextMapPropagator | None = None,
        incoming: IncomingOption = "continue",
        baggage_keys: BaggageKeys | None = None,
        capture_headers: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        publish_hook: Hook | None = None,
        consume_hook: Hook | None = None,
        create_spans: bool = False,
        settle_spans: bool = False,
        record_body_size: bool = False,
        record_queue_time: bool = False,
    ) -> None:
        """Make a middleware; everything is optional.

        Args:
            tracer_provider: Where spans go. Left out: the global provider, even if
                that is set later.
            meter_provider: Where metrics go. Left out: the global provider.
            logger_provider: Where exceptions go, if
                `OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN` says that they are log events.
                Left out: the global provider.
            propagator: How context travels in headers. Left out: the global
                propagator, asked at each message.
            incoming: What the context of a received message means.
                `"continue"`: its span is the parent, and linked.
                `"link"`: a new trace begins, with a link.
                `"ignore"`: a new trace begins, and nothing of the headers is
                believed, baggage included.
            baggage_keys: Which baggage keys are accepted and sent on: a collection,
                or a function from a key to a bool. Left out: all.
            capture_headers: Names of headers to be recorded as
                `messaging.header.<name>`. Left out: those in
                `OTEL_INSTRUMENTATION_MESSAGING_EXPERIMENTAL_HEADERS_INCLUDED`,
                separated by commas.
            exclude: Patterns, as in `fnmatch`, of destinations that are not traced;
                context still passes through. Left out: those in
                `OTEL_PYTHON_FASTSTREAM_EXCLUDED_DESTINATIONS`, separated by commas.
            publish_hook: Called with a span and the command that is sent, to enrich
                the span. What it raises is logged once.
            consume_hook: Called with a span and the message that was received, to
                enrich the span. What it raises is logged once.
            create_spans: Record a create span for each message of a batch that is
                published, and give each message the context of its own. For Kafka,
                whose clients take headers for each message.
            settle_spans: Record spans of ack, nack and reject.
            record_body_size: Record the size of bodies in bytes, before compression.
            record_queue_time: Record how long messages waited to be delivered, in
                seconds, where the broker tells when they were sent: Kafka,
                RabbitMQ, JetStream and streams of Redis.

        Raises:
            ValueError: An option has a value that makes no sense.
            TypeError: An option has a value of a wrong type.
        """
        self._options = _options.check(
            propagator=propagator,
            incoming=incoming,
            baggage_keys=baggage_keys,
            capture_headers=capture_headers,
            exclude=exclude,
            publish_hook=publish_hook,
            consume_hook=consume_hook,
            create_spans=create_spans,
            settle_spans=settle_spans,
            record_body_size=record_body_size,
            record_queue_time=record_queue_time,
        )
        install()
        self._propagation = Propagation(self._options)
        self._tracer = trace.get_tracer(
            conventions.SCOPE_NAME,
            __version__,
            tracer_provider,
            conventions.SCHEMA_URL,
        )
        self._providers = Providers(tracer_provider, meter_provider)
        self._exceptions = Exceptions(logger_provider)
        self._metrics = Metrics(meter_provider, record_queue_time=record_queue_time)
        self._serializer: SerializerProto | None = None
        self._carries_context = True
        self._servers: set[tuple[str, int] | None] = set()
        self._common: Attributes = {conventions.SYSTEM: self._system}
        self._destinations: dict[Any, Destination] = {}
        self._sources: WeakKeyDictionary[Subscriber, Source] = WeakKeyDictionary()
        self._sourceless = Source(self._common)

    def __call__(
        self,
        msg: MessageT | None,
        /,
        *,
        context: ContextRepo,
    ) -> BaseMiddleware[Any, Any]:
        """Make what FastStream runs around one message; FastStream calls it."""
        if msg is None:
            return SendScope(self, msg, context)
        delivery = current_delivery.get()
        if delivery is None or delivery.message is not msg:
            return ReceiveScope(self, msg, context)
        return ProcessScope(self, context, delivery)

    def _bind(self, broker: Broker) -> None:
        """Learn which broker is served, when it connects."""
        address = server(broker, self._default_port)
        self._servers.add(address)
        self._serializer = serializer(broker)
        self._common = {conventions.SYSTEM: self._system}
        # With one middleware on several brokers, whose a message is, is not known.
        if address is not None and len(self._servers) == 1:
            self._common.update(self._broker_facts(broker))
            self._common[conventions.SERVER_ADDRESS] = address[0]
            self._common[conventions.SERVER_PORT] = address[1]
        self._destinations.clear()
        self._sources.clear()
        self._sourceless = Source(self._common)

    def _source(self, subscriber: Subscriber | None) -> Source:
        if subscriber is None:
            return self._sourceless
        source = self._sources.get(subscriber)
        if source is None:
            attributes = {**self._common, **self._subscriber_facts(subscriber)}
            handler = handler_name(subscriber)
            if handler is not None:
                attributes[conventions.CODE_FUNCTION_NAME] = handler
            source = self._sources[subscriber] = Source(attributes)
        return source

    def _arrival(
        self, message: MessageT, subscriber: Subscriber | None
    ) -> Arrival | None:
        """Describe a delivered message or batch; None if there is none to trace.

        Args:
            message: What the client delivered.
            subscriber: Whose handler gets it; None if the application fetched it.
        """
        described = self._describe_message(message, subscriber)
        if not described:
            return None
        if isinstance(described, Incoming):
            return _arrival.of_message(described, self._propagation, self._options)
        mixed = self._source(subscriber).mixed
        return _arrival.of_batch(described, mixed, self._propagation, self._options)

    def _is_traced(self, destination: Destination) -> bool:
        """Whether anything is recorded of it; its context goes on all the same."""
        excludes = self._options.excludes
        if excludes is not None and any(map(excludes, destination.names)):
            return False
        providers = self._providers
        return (
            providers.records_spans()
            or providers.records_metrics()
            or self._exceptions.records_logs()
        )

    # What a broker's module says.

    def _broker_facts(self, broker: Broker) -> Attributes:
        """Attributes that are equal for all that `broker` does."""
        return {}

    def _subscriber_facts(self, subscriber: Any) -> Attributes:
        """Attributes that are equal for all messages of `subscriber`."""
        return {}

    def _describe_command(self, cmd: CommandT) -> Outgoing:
        raise NotImplementedError

    def _describe_message(
        self, message: MessageT, subscriber: Any
    ) -> Incoming | Sequence[Incoming] | None:
        """Describe what was delivered: a message, a batch, or None of either."""
        raise NotImplementedError

    def _describe_each(self, cmd: CommandT, index: int) -> Attributes:
        """Attributes of one message of a batch that is sent, for its create span."""
        return {}

    def _describe_answer(self, answer: Any) -> Attributes:
        """Attributes that the broker's answer to a single message adds."""
        return {}

    def _message_id(self, message: StreamMessage[Any]) -> str:
        """Give the id of a received message."""
        return message.message_id

    def _body_size(self, message: StreamMessage[Any]) -> int:
        """Give the size of a received body, or of all bodies of a batch, in bytes."""
        body = message.body
        return len(body) if isinstance(body, bytes) else sum(map(len, body))

    def _settles(self, message: StreamMessage[Any], operation: Operation) -> bool:
        """Whether the broker is told when `message` is settled in this way."""
        return message.committed is None


def remember(
    known: dict[Any, Destination], key: object, destination: Destination
) -> Destination:
    """Keep a destination under `key`, and forget all when there are too many."""
    if len(known) >= _MOST_DESTINATIONS:
        known.clear()
    known[key] = destination
    return destination
