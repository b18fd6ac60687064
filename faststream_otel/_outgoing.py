"""The headers of a command: given context for one send, and taken back after it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

from faststream_otel._faststream import around_innermost
from faststream_otel._faults import FAULTS, tell_once
from faststream_otel._options import called

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Container

    from faststream.response import PublishCommand
    from opentelemetry.trace import Span

    from faststream_otel._options import Hook


def in_body(
    call_next: Callable[[Any], Awaitable[Any]], kinds: Container[type]
) -> Callable[[Any], Awaitable[Any]]:
    """Let a body that has headers of its own be sent with those of its command.

    Only the producer sees the copy: the caller's message is never changed.

    Args:
        call_next: What sends the command.
        kinds: The classes of such bodies.

    Returns:
        What sends the command now.
    """

    def wrap(send: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(send)
        async def sender(cmd: PublishCommand) -> Any:
            body = cmd.body
            try:
                if type(body) in kinds:
                    sent = copy(body)
                    sent.headers = cmd.headers or {}
                    cmd.body = sent
            except FAULTS:
                tell_once("Giving a body other headers")
            try:
                return await send(cmd)
            finally:
                cmd.body = body

        return sender

    wrapped: Callable[[Any], Awaitable[Any]] = around_innermost(call_next, wrap)
    return wrapped


class OutgoingHeaders:
    """What was written into a command's headers.

    The caller's dictionary is never changed. After the send the command has its
    headers back, with what middlewares inside of ours did to them: whoever sends it
    again sends another message.

    Args:
        cmd: The command that is about to be sent.
        written: The headers that its caller wrote.
        wanted: The headers that are to be sent besides those that carry context.
        forwarded: Names of headers that came with another message, to be left out.
        carrier: The headers that carry context.
    """

    __slots__ = ("_carrier", "_snapshot", "_wanted", "_written")

    def __init__(
        self,
        cmd: PublishCommand,
        written: dict[str, Any],
        wanted: dict[str, Any],
        forwarded: Collection[str],
        carrier: dict[str, Any],
    ) -> None:
        self._written = written
        self._wanted = wanted
        self._carrier = carrier
        # Unpacked as FastStream does it: of a name that is there twice it takes one.
        kept = wanted or {}
        if forwarded:
            kept = {**kept}
            for name in forwarded:
                kept.pop(name, None)
        self._snapshot = {**carrier, **kept}
        cmd.headers = self._snapshot.copy()

    def without_context(self, headers: dict[str, Any]) -> dict[str, Any]:
        """Give headers without those that carry our context."""
        carrier = self._carrier
        return {
            name: value
            for name, value in headers.items()
            if name not in carrier or carrier[name] != value
        }

    def take_back(self, cmd: PublishCommand) -> None:
        """Give the command the headers that it had, and what others did to them."""
        headers = cmd.headers
        if headers == self._snapshot:
            cmd.headers = self._written
            return
        if not isinstance(headers, Mapping):
            # A middleware wants none, and there is nothing of ours in them.
            return
        removed = {
            name: value
            for name, value in (self._wanted or {}).items()
            if name not in self._snapshot
        }
        cmd.headers = {**removed, **self.without_context(headers)}


def enriched(cmd: PublishCommand, hook: Hook, span: Span) -> dict[str, Any]:
    """Let the application enrich a span, and the headers that are sent.

    Args:
        cmd: What is sent. Its headers stay as they are: the hook is given a copy.
        hook: The application's.
        span: The span of the send.

    Returns:
        The headers that are to be sent; those of the command if nothing was added.
    """
    headers = cmd.headers
    cmd.headers = given = dict(headers or {})
    called(hook, "The hook", span, cmd)
    wanted = cmd.headers
    return headers if wanted is given and wanted == (headers or {}) else wanted
