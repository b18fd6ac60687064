"""Where messages go to or come from, with all that is equal for each of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from faststream_otel import _conventions as conventions
from faststream_otel._text import bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opentelemetry.util.types import AttributeValue

    from faststream_otel._conventions import Operation

    Attributes = dict[str, AttributeValue]

# As FastStream reads a path: `{id}` stands for one part of a name, `{{` for a brace.
_PARAMETER: Final = re.compile(r"(?<!\{)\{([a-zA-Z0-9_]+)\}(?!\})")
_SEPARATORS: Final = "./:"


class Destination:
    """Where messages go to or come from, described once.

    Args:
        name: What the broker calls it, unique within the broker.
        attributes: What else is equal for all messages of this destination.
        template: The pattern that stands for many destinations, if there is one.
        temporary: It exists only for a while, like the inbox of a request.
        anonymous: Its name was made up by the broker.
        excluded: Nothing of it is recorded.

    Attributes:
        excluded: Nothing of it is recorded.
        starts: What `start` has made, by operation.
        series: The attributes of metrics that were made of it.
        series_of: Who made these.
    """

    __slots__ = (
        "_attributes",
        "_label",
        "_metrics",
        "excluded",
        "series",
        "series_of",
        "starts",
    )

    def __init__(
        self,
        name: str,
        attributes: Mapping[str, AttributeValue],
        *,
        template: str | None = None,
        temporary: bool = False,
        anonymous: bool = False,
        excluded: bool = False,
    ) -> None:
        described: Attributes = {
            key: bounded(value) if isinstance(value, str) else value
            for key, value in attributes.items()
        }
        name, template = bounded(name), template and bounded(template)
        if name:
            described[conventions.DESTINATION_NAME] = name
        if template:
            described[conventions.DESTINATION_TEMPLATE] = template
        if temporary:
            described[conventions.DESTINATION_TEMPORARY] = True
        if anonymous:
            described[conventions.DESTINATION_ANONYMOUS] = True
        self.excluded = excluded
        # The conventions keep names of high cardinality out of span names.
        self._label = template or ("" if temporary or anonymous else name)
        self._attributes = described
        self._metrics: dict[Operation, Attributes] = {}
        self.starts: dict[Operation, tuple[str, Attributes]] = {}
        self.series: dict[tuple[object, ...], tuple[Attributes, Attributes]] = {}
        self.series_of: object = None

    def start(self, operation: Operation) -> tuple[str, Attributes]:
        """Make the name and first attributes of a span, once per operation.

        Args:
            operation: What is done with the message.

        Returns:
            The span's name, and attributes to be copied, not changed.
        """
        start = self.starts[operation] = (
            f"{operation.name} {self._label}" if self._label else operation.name,
            {
                conventions.OPERATION_NAME: operation.name,
                conventions.OPERATION_TYPE: operation.type,
                **self._attributes,
            },
        )
        return start

    def metric(self, operation: Operation) -> Attributes:
        """Give the attributes of metrics, made once per operation.

        They have a low cardinality: a name stays out where a template stands for
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


_METRIC_ATTRIBUTES: Final = (
    conventions.SYSTEM,
    conventions.DESTINATION_NAME,
    conventions.DESTINATION_TEMPLATE,
    conventions.DESTINATION_SUBSCRIPTION_NAME,
    conventions.CONSUMER_GROUP_NAME,
    conventions.SERVER_ADDRESS,
    conventions.SERVER_PORT,
)


class Template:
    """A pattern of destination names, in the syntax of FastStream's paths.

    Args:
        pattern: As in `user.{id}.created`. A parameter stands for one part of a name,
            between the separators that the pattern itself has: `.`, `/` or `:`.

    Raises:
        ValueError: It has no parameter, or one of them twice.
    """

    __slots__ = ("_matches", "name")

    def __init__(self, pattern: str) -> None:
        parameters = _PARAMETER.findall(pattern)
        if not parameters:
            raise ValueError(
                f"destination_templates contains {pattern!r}, which has no parameter: "
                "write one as in 'user.{id}.created'"
            )
        if len(set(parameters)) < len(parameters):
            raise ValueError(
                f"destination_templates contains {pattern!r}, which has a parameter "
                "twice: give each parameter its own name"
            )
        self.name = _literal(pattern)
        separators = [each for each in _SEPARATORS if each in pattern] or ["."]
        one_part = f"[^{re.escape(''.join(separators))}]+"
        # Every other piece is a parameter's name.
        pieces = _PARAMETER.split(pattern)[::2]
        self._matches = re.compile(
            one_part.join(re.escape(_literal(piece)) for piece in pieces)
        ).fullmatch

    def matches(self, name: str) -> bool:
        """Whether a destination's name is one of those that it stands for."""
        return self._matches(name) is not None


def _literal(pattern: str) -> str:
    return pattern.replace("{{", "{").replace("}}", "}")


def template_of(templates: Iterable[Template], name: str) -> str | None:
    """Give the first template that matches a destination's name."""
    for template in templates:
        if template.matches(name):
            return template.name
    return None


def memory(most: int) -> dict[Any, Destination]:
    """Make a dictionary that forgets its oldest entry once it has `most`."""
    return _Memory(most)


class _Memory(dict[Any, Destination]):
    """Destinations by name: names may come from users, so there is a bound."""

    __slots__ = ("_most",)

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: object, destination: Destination) -> None:
        if len(self) >= self._most:
            del self[next(iter(self))]
        super().__setitem__(key, destination)
