"""What a broker's module says about its messages, in words that scopes understand.

A broker's module subclasses `Messages` with the facts about that broker alone. The
scopes turn what it says into spans, metrics and headers, and know no broker.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from faststream.response import PublishCommand

from faststream_otel import _conventions as conventions
from faststream_otel._destination import Destination, memory, template_of
from faststream_otel._faststream import handler_name, server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from faststream import StreamMessage

    from faststream_otel._conventions import Operation
    from faststream_otel._destination import Attributes
    from faststream_otel._faststream import Broker, Subscriber
    from faststream_otel._options import Options

MessageT = TypeVar("MessageT")
CommandT = TypeVar("CommandT", bound=PublishCommand)

# Destinations are remembered by name, and names may come from users.
_MOST_DESTINATIONS: Final = 16_384


@dataclass(slots=True)
class ReceivedMessage:
    """A message as the client delivered it, before anything parsed it.

    `attributes` are those of this message alone; `headers` are whatever the client
    has, of any type, and a list where a header stands there several times; `sent` is
    when the broker says that the message was sent, in nanoseconds since the epoch.
    """

    destination: Destination
    attributes: Attributes
    headers: Mapping[Any, Any]
    sent: int | None = None


class Source:
    """What a subscriber declared, and the destinations that its messages came from.

    Args:
        attributes: What is equal for all messages of the subscriber.
        subscriber: Whose messages they are; None for those that were fetched.

    Attributes:
        formats: How messages may be packed, for a broker that leaves it open.
    """

    __slots__ = ("attributes", "destinations", "formats", "mixed", "subscriber")

    def __init__(
        self,
        attributes: Attributes,
        subscriber: weakref.ref[Subscriber] | None = None,
    ) -> None:
        self.attributes = attributes
        self.destinations = memory(_MOST_DESTINATIONS)
        # Of a batch whose messages come from several destinations.
        self.mixed = Destination("", attributes)
        self.subscriber = subscriber
        self.formats: Sequence[Any] = ()


class Messages(Generic[MessageT, CommandT]):
    """Describes the commands and messages of one broker, or of several of its kind.

    Args:
        options: `destination_templates`, `exclude` and `record_queue_time` are used.

    Attributes:
        carries_context: Whether the broker's messages have headers to carry it.
        templates: Those of the options.
        common: Attributes that are equal for all that the broker does.
        wants_time: Whether anybody wants to know when a message was sent.
        is_doubled: Whether a message may pass two middlewares of ours.
        destinations: Those that messages were sent to, by what tells them apart.
        sources: What `source` has made, by the id of the subscriber.
    """

    # The part of FastStream that the brokers come from.
    package: ClassVar[str]
    system: ClassVar[str]
    default_port: ClassVar[int]
    # Whether FastStream has `publish_batch` for it.
    sends_batches: ClassVar[bool] = False
    # The client's own messages, which FastStream sends as they are when they are the
    # body: with their own headers, and without those of the command. A class that is
    # derived from them may be more than what can be copied.
    sent_as_they_are: ClassVar[frozenset[type]] = frozenset()
    # Whether the client takes headers for each message of a batch.
    takes_headers_of_each: ClassVar[bool] = False

    def __init__(self, options: Options) -> None:
        self.templates = options.destination_templates
        self._excludes = options.excludes
        self.wants_time = options.record_queue_time
        self.carries_context = True
        self.is_doubled = False
        self._servers: set[tuple[str, int | None] | None] = set()
        self._describe_broker({})

    def bind(self, broker: Broker) -> None:
        """Learn which broker is served, when it connects."""
        address = server(broker, self.default_port)
        self._servers.add(address)
        facts: Attributes = {}
        # With one middleware on several brokers, whose a message is, is not known.
        if address is not None and len(self._servers) == 1:
            facts.update(self.broker_facts(broker))
            facts[conventions.SERVER_ADDRESS] = address[0]
            if address[1] is not None:
                facts[conventions.SERVER_PORT] = address[1]
        self._describe_broker(facts)

    def _describe_broker(self, facts: Attributes) -> None:
        self.common: Attributes = {conventions.SYSTEM: self.system, **facts}
        self.destinations = memory(_MOST_DESTINATIONS)
        self.sources: dict[int, Source] = {}
        # Of messages that were fetched.
        self.sources[id(None)] = Source(self.common)

    def source(self, subscriber: Subscriber | None) -> Source:
        """Give what is known of the messages of `subscriber`, or of fetched ones.

        Args:
            subscriber: Whose messages they are; None for those that were fetched.
        """
        source = self.sources.get(id(subscriber))
        if source is None:
            assert subscriber is not None, "there is one of fetched messages"
            attributes = {**self.common, **self.subscriber_facts(subscriber)}
            handler = handler_name(subscriber)
            if handler is not None:
                attributes[conventions.CODE_FUNCTION_NAME] = handler
            sources, key = self.sources, id(subscriber)
            reference = weakref.ref(subscriber, lambda _: sources.pop(key, None))
            source = sources[key] = Source(attributes, reference)
        return source

    def destination(
        self,
        name: str,
        attributes: Attributes | None = None,
        *,
        template: str | None = None,
        temporary: bool = False,
        anonymous: bool = False,
    ) -> Destination:
        """Describe a destination as the options say.

        Args:
            name: What the broker calls it.
            attributes: What is equal for all its messages; those of the broker if None.
            template: The pattern that a subscriber declared, if it is another text.
            temporary: It exists only for a while.
            anonymous: Its name was made up by the broker.
        """
        chosen = self.template_for(name) if self.templates else None
        if chosen is None and template != name:
            chosen = template
        excludes = self._excludes
        return Destination(
            name,
            self.common if attributes is None else attributes,
            template=chosen,
            temporary=temporary,
            anonymous=anonymous,
            excluded=excludes is not None
            and any(each and excludes(each) for each in (name, template, chosen)),
        )

    def template_for(self, name: str) -> str | None:
        """Give the template that the options have for a destination's name."""
        return template_of(self.templates, name)

    # What a broker's module says.

    def broker_facts(self, broker: Broker) -> Attributes:
        """Attributes that are equal for all that `broker` does."""
        return {}

    def subscriber_facts(self, subscriber: Any) -> Attributes:
        """Attributes that are equal for all messages of `subscriber`."""
        return {}

    def sent(self, cmd: CommandT) -> tuple[Destination, Attributes]:
        """Describe a command: where it goes, and the attributes of it alone."""
        raise NotImplementedError

    def received(
        self, message: MessageT, subscriber: Any
    ) -> ReceivedMessage | Sequence[ReceivedMessage] | None:
        """Describe what was delivered: a message, a batch, or None of either."""
        raise NotImplementedError

    def of_each(self, cmd: CommandT, index: int) -> Attributes:
        """Attributes of one message of a batch that is sent, for its create span."""
        return {}

    def answered(self, answer: Any) -> Attributes:
        """Attributes that the broker's answer to a single message adds."""
        return {}

    def message_id(self, message: StreamMessage[Any]) -> str:
        """Give the id of a received message."""
        return message.message_id

    def size_unencoded(self, body: Any) -> int | None:
        """Give the size in bytes of a body that is sent as it is."""
        return len(body) if isinstance(body, bytes) else None

    def settles(self, message: StreamMessage[Any], operation: Operation) -> bool:
        """Whether the broker is told when `message` is settled in this way."""
        return message.committed is None
