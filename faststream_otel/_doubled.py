"""A message that passes two middlewares of ours is recorded once, by the outermost."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from faststream_otel._delivery import restore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# What the outermost of two middlewares records: a command or a raw message.
under_way: ContextVar[object] = ContextVar("faststream_otel_under_way", default=None)


async def once(
    cmd: Any,
    call_next: Callable[[Any], Awaitable[Any]],
    publish: Callable[[Callable[[Any], Awaitable[Any]], Any], Awaitable[Any]],
) -> Any:
    """Publish a command, unless a middleware further out does so already.

    Args:
        cmd: What is sent.
        call_next: What sends it.
        publish: Sends it by `call_next`, and records that.
    """
    if under_way.get() is cmd:
        return await call_next(cmd)
    token = under_way.set(cmd)
    try:
        return await publish(call_next, cmd)
    finally:
        restore(token)
