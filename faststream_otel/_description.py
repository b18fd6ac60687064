"""The neutral description of a message, between a broker's module and the scopes.

A broker module says in these words what it sends or was given; the scopes turn them
into spans and know no broker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from faststream_otel import _conventions as conventions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.util.types import AttributeValue

    from faststream_otel._conventions import Operation

    Attributes = dict[str, AttributeValue]


class Destination:
    """Where messages go to or come from, with all that is equal for each of them.

    Args:
        name: What the broker calls it, unique within the broker.
        attributes: What else is equal for all messages of this destination.
        template: The pattern that stands for many destinations, if there is one.
        temporary: It exists only for a while, like the inbox of a request.
        anonymous: Its name was made up by the broker.
    """

    __slots__ = ("_attributes", "_label", "_metrics", "_starts", "names")

    def __init__(
        self,
        name: str,
        attributes: Mapping[str, AttributeValue],
        *,
        template: str | None = None,
        temporary: bool = False,
        anonymous: bool = False,
    ) -> None:
        described: Attributes = {**attributes}
        if name:
            described[conventions.DESTINATION_NAME] = name
        if template:
            described[conventions.DESTINATION_TEMPLATE] = template
        if temporary:
            described[conventions.DESTINATION_TEMPORARY] = True
        if anonymous:
            described[conventions.DESTINATION_ANONYMOUS] = True
        self.names = tuple(filter(None, (name, template)))
        # The conventions keep names of high cardinality out of span names.
        self._label = template or ("" if temporary or anonymous else name)
        self._attributes = described
        self._metrics: dict[Operation, Attributes] = {}
        self._starts: dict[Operation, tuple[str, Attributes]] = {}

    def start(self, operation: Operation) -> tuple[str, Attributes]:
        """Give the name and first attributes of a span, made once an operation.

        Args:
            operation: What is done with the message.

        Returns:
            The span's name, and attributes to be copied, not changed.
        """
        start = self._starts.get(operation)
        if start is None:
            start = self._starts[operation] = (
                f"{operation.name} {self._label}" if self._label else operation.name,
                {
                    conventions.OPERATION_NAME: operation.name,
                    conventions.OPERATION_TYPE: operation.type,
                    **self._attributes,
                },
            )
        return start

    def metric(self, operation: Operation) -> Attributes:
        """Give the attributes of metrics, made once an operation.

        Only what has a low cardinality: a name stays out where a template stands for
        many, or where it was made up.

        Args:
            operation: What is done with the message.

        Returns:
            Attributes to be copied, not changed.
        """
        attributes = self._metrics.get(operation)
        if attributes is None:
            attributes = {conventions.OPERATION_NAME: operation.name}
            for name in _METRIC_ATTRIBUTES:
                if name in self._attributes:
                    attributes[name] = self._attributes[name]
            if self._label != self._attributes.get(conventions.DESTINATION_NAME):
                attributes.pop(conventions.DESTINATION_NAME, None)
            self._metrics[operation] = attributes
        return attributes


_METRIC_ATTRIBUTES = (
    conventions.SYSTEM,
    conventions.DESTINATION_NAME,
    conventions.DESTINATION_TEMPLATE,
    conventions.CONSUMER_GROUP_NAME,
    conventions.SERVER_ADDRESS,
    conventions.SERVER_PORT,
)


class Outgoing(NamedTuple):
    """A message that is about to be sent.

    `attributes` are those of this message alone.
    """

    destination: Destination
    attributes: Attributes


class Incoming(NamedTuple):
    """A message as the client delivered it, before anything parsed it.

    `attributes` are those of this message alone; `headers` are whatever the client
    has, of any type; `sent` is when the broker says that the message was sent, in
    nanoseconds since the epoch.
    """

    destination: Destination
    attributes: Attributes
    headers: Mapping[str, Any]
    sent: int | None = None
