"""Opt-in create spans: one for each message of a batch, and its context in it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faststream_otel import _conventions as conventions
from faststream_otel._running import Running

if TYPE_CHECKING:
    from collections.abc import Iterator, KeysView, Mapping, Sequence

    from faststream.response import PublishCommand
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanContext

    from faststream_otel._description import Attributes, Destination
    from faststream_otel._middleware import TelemetryMiddleware


class HeadersOfEach(dict[str, Any]):
    """The headers of a batch's messages, which differ from message to message.

    FastStream has one mapping for all messages of a batch, and unpacks or copies it
    once for each of them, in their order. So each time gives the next message's.
    Everything else reads those of the first.

    Args:
        headers: The headers of each message; at least one message.
    """

    def __init__(self, headers: Sequence[dict[str, Any]]) -> None:
        super().__init__(headers[0])
        self._each = headers
        self._given = 0
        self._current = headers[0]

    def _next(self) -> dict[str, Any]:
        last = len(self._each) - 1
        self._current = self._each[min(self._given, last)]
        self._given += 1
        return self._current

    # Unpacking asks for the keys, and then for the value of each.
    def keys(self) -> KeysView[str]:  # type: ignore[override]
        return self._next().keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self._current)

    def __getitem__(self, name: str) -> Any:
        return self._current[name]

    def copy(self) -> dict[str, Any]:
        return self._next().copy()

    def __ror__(self, other: Mapping[str, Any]) -> HeadersOfEach:  # type: ignore[override]
        return HeadersOfEach([{**other, **headers} for headers in self._each])


def create(
    cmd: PublishCommand,
    telemetry: TelemetryMiddleware[Any, Any],
    destination: Destination,
    particular: Attributes,
    before: Context,
) -> tuple[list[SpanContext], HeadersOfEach]:
    """Record the create span of each message of a batch.

    Args:
        cmd: The batch; at least one message, and the headers of them all.
        telemetry: Whose spans they are.
        destination: Where the batch goes.
        particular: Attributes of this batch.
        before: The context in which it is sent.

    Returns:
        The creation contexts, and the headers that carry them.
    """
    creations: list[SpanContext] = []
    each: list[dict[str, Any]] = []
    for index in range(len(cmd.batch_bodies)):
        attributes = {**particular, **telemetry._describe_each(cmd, index)}
        created = Running(
            telemetry, conventions.CREATE, destination, attributes, before
        )
        creations.append(created.span.get_span_context())
        each.append(telemetry._propagation.inject(cmd.headers, created.context))
        created.end()
    return creations, HeadersOfEach(each)
