"""Requests in memory: answered by what the handler replies, as with a server."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, Final

from anyio import fail_after
from faststream.response import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

# Where a client has the answer sent: a name that it makes up, with a number here, so
# that each run has the same ones. FastStream has no requests for other brokers.
_INBOXES: Final = {
    "nats": "_INBOX.{:022d}",
    "rabbit": "amq.rabbitmq.reply-to.{:022d}",
    "redis": "{:022d}",
    "mqtt": "_zmqtt/reply/{:032x}",
}


def inbox(producer: Any, number: int) -> str | None:
    """Give the address of an answer; None if the broker has no requests."""
    for kind in type(producer.broker).__mro__:
        module, _, rest = kind.__module__.partition(".")
        if module == "faststream":
            name = _INBOXES.get(rest.partition(".")[0])
            return name.format(number) if name else None
    return None


async def request(
    producer: Any,
    cmd: Any,
    address: str,
    deliver: Callable[[Awaitable[Any]], asyncio.Task[Any]],
    publish: Callable[[Any], Awaitable[Any]],
) -> Any:
    """Deliver a request, and give the raw message that its handler replies with.

    Args:
        producer: The stand-in of FastStream's test broker.
        cmd: What is sent.
        address: Where the answer is to go.
        deliver: Begins a delivery.
        publish: Delivers a message, and returns when it was handled.

    Raises:
        TimeoutError: There was no answer in time. The handler goes on.
    """
    sent = copy(cmd)
    sent.reply_to = address
    with _listening(producer.broker, address) as answer, fail_after(cmd.timeout):
        delivery = deliver(publish(sent))
        await asyncio.wait({answer, delivery}, return_when=asyncio.FIRST_COMPLETED)
        if delivery.done():
            # What the handler raised, or that there is none.
            delivery.result()
        return await answer


@contextmanager
def _listening(broker: Any, address: str) -> Iterator[asyncio.Future[Any]]:
    """Catch the next message to `address`, as the client delivers it."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    subscriber = broker.subscriber(address, persistent=False)

    async def take(message: Any) -> Response:
        if not answer.done():
            answer.set_result(message)
        return Response(None)

    subscriber.process_message = take
    try:
        yield answer
    finally:
        broker._subscribers.discard(subscriber)
