"""Waiting for a trace, what was logged in it, and what was baggage."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import baggage, trace

from faststream_otel import CurrentBaggage
from faststream_otel.testing import assert_trace, in_memory, record
from tests.kinds import KINDS, Kind, every_kind

if TYPE_CHECKING:
    from collections.abc import Callable

NATS = next(kind for kind in KINDS if kind.name == "nats")
ORDERS = """
    publish orders
      process orders
"""
logger = logging.getLogger("shop")


def traced(kind: Kind, *handlers: Callable[..., Any]) -> Any:
    """A broker, with handlers of `orders`."""
    broker = kind.broker(middlewares=[kind.middleware()], logger=None)
    for handler in handlers:
        kind.subscriber(broker, "orders")(handler)
    return broker


@every_kind
def test_it_is_given_as_soon_as_it_is_there(kind: Kind) -> None:
    """Nobody has to know when the last handler has ended."""

    async def handle(item: str) -> None:
        await asyncio.sleep(0.05)

    broker = traced(kind, handle)

    async def main() -> None:
        with record(broker) as recording:
            async with in_memory(broker):
                await kind.publish(broker, "tea", "orders")
                found = await recording.wait_for(ORDERS)
                assert_trace(found, ORDERS)
                assert await recording.wait_for("publish orders\n  ...") == found

    asyncio.run(asyncio.wait_for(main(), 10))


def test_a_span_that_ends_in_a_thread() -> None:
    """It is noticed, too."""
    broker = traced(NATS)

    async def main() -> None:
        with record(broker) as recording:
            span = trace.get_tracer("test").start_span("elsewhere")
            later = threading.Timer(0.05, span.end)
            later.start()
            await recording.wait_for("elsewhere")
            later.join()

    asyncio.run(asyncio.wait_for(main(), 10))


def test_what_is_missing_and_what_is_open_is_told() -> None:
    """A diff, and the spans that have not ended, with their age."""
    goes_on = asyncio.Event()

    async def handle(item: str) -> None:
        await goes_on.wait()

    broker = traced(NATS, handle)

    async def main() -> str:
        with record(broker) as recording:
            async with in_memory(broker):
                await broker.publish("tea", "orders")
                with pytest.raises(AssertionError) as raised:
                    await recording.wait_for(ORDERS, timeout=0.2)
                goes_on.set()
                await recording.wait_for(ORDERS)
            with pytest.raises(AssertionError, match="all spans that began have ended"):
                await recording.wait_for("other", timeout=0.01)
        return str(raised.value)

    said = asyncio.run(asyncio.wait_for(main(), 10)).splitlines()
    assert said[:3] == [
        "the trace still had a different shape after 0.2 s",
        "--- expected",
        "+++ recorded",
    ]
    assert "-  process orders" in said
    assert said[-2] == "spans that have begun but not ended:"
    assert re.fullmatch(r"  process orders \[CONSUMER\] for [\d.]+ (ms|s)", said[-1])


def test_a_shape_that_cannot_be_read_is_told_at_once() -> None:
    """Nobody waits for what cannot be."""
    broker = traced(NATS)

    async def main() -> None:
        with record(broker) as recording:
            await recording.wait_for("a\n      b", timeout=60)

    begin = time.monotonic()
    with pytest.raises(ValueError, match="cannot be read"):
        asyncio.run(main())
    assert time.monotonic() - begin < 10


@every_kind
def test_logs_are_those_of_their_span(kind: Kind) -> None:
    """With arguments and errors; where nobody listens, and where there is no span."""
    quiet = logging.getLogger("shop.quiet")
    quiet.propagate = False

    async def handle(item: str) -> None:
        order = [item]
        logger.warning("packing %s", order)
        order.append("more")
        quiet.error("no %s", item, exc_info=LookupError(item))
        logger.debug("too quiet")

    broker = traced(kind, handle)

    async def main() -> None:
        async with in_memory(broker):
            await kind.publish(broker, "tea", "orders")

    handling = logging.Logger.callHandlers
    with record(broker) as recording:
        logger.warning("before")
        asyncio.run(main())
        with record(traced(NATS)) as other:
            logger.warning("both")
    logger.warning("after")
    assert logging.Logger.callHandlers is handling
    process = recording.trace().find("process orders")
    mine = [log for log in recording.logs() if log.logger.startswith("shop")]
    assert [log.message for log in mine] == [
        "before",
        "packing ['tea']",
        "no tea",
        "both",
    ]
    assert [log.message for log in other.logs()] == ["both"]
    packing, failed = recording.logs(process)
    assert (packing.level, packing.error) == ("WARNING", "")
    assert (failed.level, failed.error) == ("ERROR", "LookupError")
    assert {log.trace_id for log in (packing, failed)} == {process.trace_id}
    assert mine[0].trace_id == mine[0].span_id == 0


def test_a_message_whose_arguments_do_not_fit() -> None:
    """It is handled as without a recording, and kept as it is."""
    odd = logging.getLogger("shop.odd")
    odd.propagate = False
    handled: list[logging.LogRecord] = []
    handler = logging.NullHandler()
    handler.handle = handled.append  # type: ignore[method-assign,assignment]
    odd.addHandler(handler)
    message = "%s and %s"
    with record(traced(NATS)) as recording:
        odd.warning(message, "one")
    odd.removeHandler(handler)
    assert [log.message for log in recording.logs()] == [message]
    assert [each.msg for each in handled] == [message]


@every_kind
def test_baggage_of_each_span(kind: Kind) -> None:
    """What was sent with a message, and what came with it."""
    broker = kind.broker(middlewares=[kind.middleware()], logger=None)

    @kind.subscriber(broker, "orders")
    @kind.publisher(broker, "invoices")
    async def order(item: str, bag: CurrentBaggage) -> str:
        bag.set("order", "1")
        return item

    @kind.subscriber(broker, "invoices")
    async def invoice(item: str) -> None: ...

    async def main() -> None:
        from opentelemetry import context

        token = context.attach(baggage.set_baggage("tenant", "acme"))
        async with in_memory(broker):
            await kind.publish(broker, "tea", "orders")
        context.detach(token)

    with record(broker) as recording:
        asyncio.run(main())
    found = {span.name: dict(span.baggage) for span in recording.trace().spans}
    sent = {"tenant": "acme", "order": "1"}
    assert found == {
        "publish orders": {"tenant": "acme"},
        "process orders": {"tenant": "acme"},
        "publish invoices": sent,
        "process invoices": sent,
    }
