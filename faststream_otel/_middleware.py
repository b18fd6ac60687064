"""The middleware that all brokers share: its options, and what it asks of a broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from weakref import WeakKeyDictionary

from faststream.response import PublishCommand
from opentelemetry import trace

from faststream_otel import __version__
from faststream_otel import _conventions as conventions
from faststream_otel._description import Destination, Incoming, Outgoing
from faststream_otel._faststream import (
    current_delivery,
    handler_name,
    install,
    server,
)
from faststream_otel._scopes import ProcessScope, PublishScope

if TYPE_CHECKING:
    from faststream import BaseMiddleware, ContextRepo
    from opentelemetry.trace import TracerProvider

    from faststream_otel._description import Attributes
    from faststream_otel._faststream import Broker, Subscriber

MessageT = TypeVar("MessageT")
CommandT = TypeVar("CommandT", bound=PublishCommand)

# Destinations are remembered by name, and names may come from users.
_MOST_DESTINATIONS = 1024


class Source:
    """What a subscriber declared, and the destinations that messages came from.

    Args:
        attributes: What is equal for all messages of the subscriber.
    """

    __slots__ = ("attributes", "destinations")

    def __init__(self, attributes: Attributes) -> None:
        self.attributes = attributes
        self.destinations: dict[str, Destination] = {}


class TelemetryMiddleware(Generic[MessageT, CommandT]):
    """Traces what a broker sends and handles.

    Use the class of your broker's module, one instance a broker.

    Args:
        tracer_provider: Where spans go. The global provider if left out, even if
            that is set later.
    """

    _system: ClassVar[str]
    _default_port: ClassVar[int]

    def __init__(self, *, tracer_provider: TracerProvider | None = None) -> None:
        install()
        self._tracer = trace.get_tracer(
            conventions.SCOPE_NAME,
            __version__,
            tracer_provider,
            conventions.SCHEMA_URL,
        )
        self._servers: set[tuple[str, int] | None] = set()
        self._common: Attributes = {conventions.SYSTEM: self._system}
        self._destinations: dict[Any, Destination] = {}
        self._sources: WeakKeyDictionary[Subscriber, Source] = WeakKeyDictionary()

    def __call__(
        self,
        msg: MessageT | None,
        /,
        *,
        context: ContextRepo,
    ) -> BaseMiddleware[Any, Any]:
        """Make what FastStream runs around one message; FastStream calls it."""
        delivery = current_delivery.get()
        if msg is None or delivery is None or delivery.message is not msg:
            return PublishScope(self, msg, context)
        return ProcessScope(self, context, delivery)

    def _bind(self, broker: Broker) -> None:
        """Learn which broker is served, when it connects."""
        address = server(broker, self._default_port)
        self._servers.add(address)
        self._common = {conventions.SYSTEM: self._system}
        # With one middleware on several brokers, whose a message is, is not known.
        if address is not None and len(self._servers) == 1:
            self._common.update(self._broker_facts(broker))
            self._common[conventions.SERVER_ADDRESS] = address[0]
            self._common[conventions.SERVER_PORT] = address[1]
        self._destinations.clear()
        self._sources.clear()

    def _source(self, subscriber: Subscriber) -> Source:
        source = self._sources.get(subscriber)
        if source is None:
            attributes = {**self._common, **self._subscriber_facts(subscriber)}
            handler = handler_name(subscriber)
            if handler is not None:
                attributes[conventions.CODE_FUNCTION_NAME] = handler
            source = self._sources[subscriber] = Source(attributes)
        return source

    # What a broker's module says.

    def _broker_facts(self, broker: Broker) -> Attributes:
        """Attributes that are equal for all that `broker` does."""
        return {}

    def _subscriber_facts(self, subscriber: Any) -> Attributes:
        """Attributes that are equal for all messages of `subscriber`."""
        return {}

    def _describe_command(self, cmd: CommandT) -> Outgoing:
        raise NotImplementedError

    def _describe_message(self, message: MessageT, subscriber: Any) -> Incoming | None:
        """Describe a delivered message; None if there is none to trace."""
        raise NotImplementedError


def remember(
    known: dict[Any, Destination], key: object, destination: Destination
) -> Destination:
    """Keep a destination under `key`, and forget all when there are too many."""
    if len(known) >= _MOST_DESTINATIONS:
        known.clear()
    known[key] = destination
    return destination
