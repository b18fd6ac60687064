"""The sizes of bodies that are sent, as FastStream encodes them.

A body is encoded once, by FastStream: it may be an iterator, or count how often it is
read. So nothing here looks into a body; FastStream's codec tells what it made of it.
A codec of the application's own tells nothing.
"""

from __future__ import annotations

import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from faststream_otel import _conventions as conventions
from faststream_otel._delivery import reset
from faststream_otel._faults import FAULTS, tell_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from faststream.response import PublishCommand

    from faststream_otel._messages import Messages
    from faststream_otel._operation import StartedOperation

_sizes: ContextVar[list[int] | None] = ContextVar("faststream_otel_sizes", default=None)


class BodySizes:
    """Collects the sizes of the bodies that are encoded until it ends.

    Attributes:
        sizes: In bytes, in the order in which the bodies were encoded.
    """

    __slots__ = ("_before", "sizes")

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self._before = _sizes.set(self.sizes)

    def end(
        self,
        operation: StartedOperation | None,
        messages: Messages[Any, Any],
        cmd: PublishCommand,
    ) -> None:
        """Collect no more, and record the size of a single message.

        Args:
            operation: Its send; None if that is not recorded.
            messages: Knows the size of what FastStream does not encode.
            cmd: What was sent.
        """
        reset(self._before)
        if operation is None or operation.is_batch:
            return
        try:
            size = messages.size_unencoded(cmd.body)
        except FAULTS:
            tell_once("Measuring a body")
            return
        if size is None and self.sizes:
            size = self.sizes[0]
        if size is not None:
            operation.describe({conventions.MESSAGE_BODY_SIZE: size})


def encoding(encode: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Wrap a codec's `encode`, so that it tells the size of what it made.

    Args:
        encode: FastStream's, or what somebody else made of it.
    """

    @functools.wraps(encode)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        encoded = await encode(*args, **kwargs)
        sizes = _sizes.get()
        if sizes is not None:
            sizes.append(len(encoded[0]))
        return encoded

    return wrapper
