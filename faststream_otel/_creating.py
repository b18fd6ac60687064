"""Opt-in create spans: one for each message of a batch, and its context in it alone."""

from __future__ import annotations

import functools
from time import time_ns
from typing import TYPE_CHECKING, Any

from faststream_otel import _conventions as conventions
from faststream_otel._faststream import around_innermost
from faststream_otel._operation import StartedOperation

if TYPE_CHECKING:
    from collections.abc import (
        Awaitable,
        Callable,
        Iterator,
        KeysView,
        Mapping,
        Sequence,
    )

    from faststream.response import PublishCommand
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanContext

    from faststream_otel._destination import Attributes, Destination
    from faststream_otel._messages import Messages
    from faststream_otel._outgoing import OutgoingHeaders
    from faststream_otel._telemetry import Telemetry


class HeadersOfEach(dict[str, Any]):
    """The headers of a batch's messages, which differ from message to message.

    FastStream's producer has one mapping for all messages of a batch, and unpacks or
    copies it once for each of them, in their order. So each time gives the next
    message's. Only the producer sees it: everything else may read as it likes.

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


class Creation:
    """The create spans of a batch that is about to be sent.

    Args:
        telemetry: Where they are recorded.
        destination: Where the batch goes.
        each: Attributes of each message; at least one message.
        before: The context in which the batch is sent.

    Attributes:
        contexts: The creation context of each message.
    """

    __slots__ = ("_created", "_now", "_telemetry", "contexts")

    def __init__(
        self,
        telemetry: Telemetry,
        destination: Destination,
        each: Sequence[Attributes],
        before: Context,
    ) -> None:
        self._telemetry = telemetry
        self._created: list[StartedOperation] = []
        self._now: list[int] = []
        for attributes in each:
            created = StartedOperation(
                telemetry, conventions.CREATE, destination, attributes, before
            )
            self._created.append(created)
            self._now.append(time_ns())
        if not telemetry.options.record_body_size:
            self.end(())
        self.contexts: list[SpanContext] = [
            context
            for created in self._created
            if (context := created.span.get_span_context()).is_valid
        ]

    def in_each_message(
        self, call_next: Callable[[Any], Awaitable[Any]], headers: OutgoingHeaders
    ) -> Callable[[Any], Awaitable[Any]]:
        """Let each message carry the context that it was created in.

        Args:
            call_next: What sends the batch.
            headers: What was written into the headers of the batch.

        Returns:
            What sends the batch now.
        """
        inject = self._telemetry.propagation.inject

        def wrap(send: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            @functools.wraps(send)
            async def sender(cmd: PublishCommand) -> Any:
                given = cmd.headers
                kept = headers.without_context(given or {})
                cmd.headers = HeadersOfEach(
                    [{**inject(created.context), **kept} for created in self._created]
                )
                try:
                    return await send(cmd)
                finally:
                    cmd.headers = given

            return sender

        wrapped: Callable[[Any], Awaitable[Any]] = around_innermost(call_next, wrap)
        return wrapped

    def end(self, sizes: Sequence[int]) -> None:
        """End the spans as of when the messages were created.

        Args:
            sizes: The size of each body in bytes, as far as they are known.
        """
        for index, (created, now) in enumerate(
            zip(self._created, self._now, strict=True)
        ):
            if index < len(sizes):
                created.describe({conventions.MESSAGE_BODY_SIZE: sizes[index]})
            created.end(now=now)


def creation_of(
    cmd: PublishCommand,
    telemetry: Telemetry,
    messages: Messages[Any, Any],
    destination: Destination,
    particular: Attributes,
    before: Context,
) -> Creation | None:
    """Record a create span for each message of a batch, if that is wanted.

    Args:
        cmd: The batch.
        telemetry: Where they are recorded, and whether.
        messages: Describes the messages of a batch.
        destination: Where the batch goes.
        particular: Attributes of this batch.
        before: The context in which it is sent.

    Returns:
        None where the client takes no headers for each message.
    """
    wanted = telemetry.options.create_spans and messages.takes_headers_of_each
    if not wanted or not cmd.batch_bodies:
        return None
    each = [
        {**particular, **messages.of_each(cmd, index)}
        for index in range(len(cmd.batch_bodies))
    ]
    return Creation(telemetry, destination, each, before)
