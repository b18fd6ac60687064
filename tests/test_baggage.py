"""`Baggage` and `CurrentBaggage`, in step with OpenTelemetry's own baggage."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from faststream import Context
from opentelemetry import baggage
from opentelemetry import context as otel_context

from faststream_otel import Baggage, CurrentBaggage
from faststream_otel.testing import SpanRecorder, in_memory
from tests.kinds import KINDS, Kind, every_kind
from tests.test_spans import run

NATS = next(kind for kind in KINDS if kind.name == "nats")


def test_methods() -> None:
    """Each does what its name says, on entries of its own."""
    bag = Baggage({"a": "1"})
    bag.set("b", "2")
    assert bag.get("a") == "1"
    assert bag.get("c") is None
    assert bag.get_all() == {"a": "1", "b": "2"}
    bag.remove("a")
    bag.remove("absent")
    assert bag.get_all() == {"b": "2"}
    assert repr(bag) == "Baggage({'b': '2'})"
    bag.clear()
    assert bag.get_all() == {}
    assert bag.get_all_batch() == []
    assert baggage.get_all() == {}


def test_copies_are_given() -> None:
    """What a caller does with an answer changes nothing."""
    bag = Baggage({"a": "1"}, [{"a": "1"}])
    bag.get_all()["a"] = "2"
    bag.get_all_batch()[0]["a"] = "2"
    assert bag.get_all() == {"a": "1"}
    assert bag.get_all_batch() == [{"a": "1"}]


def test_headers_there_and_back() -> None:
    """In the form of W3C Baggage, beside the headers that are given."""
    given = {"tenant": "acme"}
    headers = Baggage({"a": "1", "b": "x y"}).to_headers(given)
    assert given == {"tenant": "acme"}
    assert headers["tenant"] == "acme"
    assert Baggage.from_headers(headers).get_all() == {"a": "1", "b": "x y"}
    assert Baggage({}).to_headers() == {}
    assert Baggage.from_headers({"baggage": 17}).get_all() == {}


def test_baggage_of_the_running_task_is_not_mixed_in() -> None:
    """Entries of its own are all that it writes."""
    token = otel_context.attach(baggage.set_baggage("other", "1"))
    try:
        assert Baggage({"a": "1"}).to_headers() == {"baggage": "a=1"}
    finally:
        otel_context.detach(token)


@every_kind
def test_from_msg(kind: Kind) -> None:
    """The entries of a message."""
    broker = kind.traced(SpanRecorder())
    seen: list[object] = []

    @kind.subscriber(broker, "orders")
    async def handle(body: str, message: Any = Context("message")) -> None:
        seen.append(Baggage.from_msg(message).get_all())

    run(kind, broker, "hello", "orders", headers=Baggage({"a": "1"}).to_headers())
    assert seen == [{"a": "1"}]


class Chain:
    """`first` sends to `second`, which notes the baggage that arrives."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.broker = kind.traced(SpanRecorder())
        self.arrived: list[dict[str, Any]] = []

        @kind.subscriber(self.broker, "second")
        async def second(message: str, bag: CurrentBaggage) -> None:
            assert bag.get_all() == dict(baggage.get_all())
            self.arrived.append(bag.get_all())

    def run(self, **entries: str) -> list[dict[str, Any]]:
        """Publish to `first` with baggage; give what arrived at `second`."""
        headers = Baggage(entries).to_headers()
        run(self.kind, self.broker, "hello", "first", headers=headers)
        return self.arrived


@every_kind
def test_initialise_and_propagate(kind: Kind) -> None:
    """Baggage goes through a handler that never looks at it."""
    chain = Chain(kind)

    @kind.subscriber(chain.broker, "first")
    @kind.publisher(chain.broker, "second")
    async def first(message: str) -> str:
        return message

    assert chain.run(tenant="acme") == [{"tenant": "acme"}]


@every_kind
@pytest.mark.parametrize("sync", [False, True])
def test_modify_and_stop(kind: Kind, sync: bool) -> None:
    """What a handler changes is sent by its publisher, from a thread too."""
    chain = Chain(kind)

    def work(message: str, bag: CurrentBaggage) -> str:
        bag.set("added", "1")
        bag.remove("dropped")
        return message

    async def work_async(message: str, bag: CurrentBaggage) -> str:
        return work(message, bag)

    handler: Any = work if sync else work_async
    kind.subscriber(chain.broker, "first")(
        kind.publisher(chain.broker, "second")(handler)
    )
    assert chain.run(tenant="acme", dropped="1") == [{"tenant": "acme", "added": "1"}]


@every_kind
@pytest.mark.parametrize("sync", [False, True])
def test_clear(kind: Kind, sync: bool) -> None:
    """Nothing is sent on."""
    chain = Chain(kind)

    def work(message: str, bag: CurrentBaggage) -> str:
        bag.clear()
        return message

    async def work_async(message: str, bag: CurrentBaggage) -> str:
        return work(message, bag)

    handler: Any = work if sync else work_async
    kind.subscriber(chain.broker, "first")(
        kind.publisher(chain.broker, "second")(handler)
    )
    assert chain.run(tenant="acme") == [{}]


@every_kind
def test_both_publishers_carry_it(kind: Kind) -> None:
    """Two publishers on one handler send the same baggage."""
    chain = Chain(kind)
    third: list[object] = []

    @kind.subscriber(chain.broker, "first")
    @kind.publisher(chain.broker, "second")
    @kind.publisher(chain.broker, "third")
    async def first(message: str, bag: CurrentBaggage) -> str:
        bag.set("added", "1")
        return message

    @kind.subscriber(chain.broker, "third")
    async def third_handler(message: str, bag: CurrentBaggage) -> None:
        third.append(bag.get_all())

    assert chain.run(tenant="acme") == [{"tenant": "acme", "added": "1"}]
    assert third == [{"tenant": "acme", "added": "1"}]


@every_kind
def test_the_api_and_current_baggage_are_one(kind: Kind) -> None:
    """What one of them sets, the other sees."""
    chain = Chain(kind)

    @kind.subscriber(chain.broker, "first")
    @kind.publisher(chain.broker, "second")
    async def first(message: str, bag: CurrentBaggage) -> str:
        bag.set("ours", "1")
        assert baggage.get_baggage("ours") == "1"
        otel_context.attach(baggage.set_baggage("theirs", "2"))
        assert bag.get("theirs") == "2"
        return message

    assert chain.run() == [{"ours": "1", "theirs": "2"}]


@every_kind
def test_concurrent_publishes_carry_their_own(kind: Kind) -> None:
    """Tasks that a handler starts do not see each other's changes."""
    chain = Chain(kind)

    @kind.subscriber(chain.broker, "first")
    async def first(message: str, bag: CurrentBaggage) -> None:
        async def send(number: int) -> None:
            bag.set("number", str(number))
            await asyncio.sleep(0)
            await kind.publish(chain.broker, message, "second")

        await asyncio.gather(*map(send, range(5)))
        assert bag.get("number") is None

    arrived = chain.run(tenant="acme")
    assert sorted(entries["number"] for entries in arrived) == list("01234")
    assert {entries["tenant"] for entries in arrived} == {"acme"}


@every_kind
def test_concurrent_messages_do_not_mix(kind: Kind) -> None:
    """Each handler has its own message's baggage, also while others run."""
    broker = kind.traced(SpanRecorder())
    seen: list[tuple[str, Any, Any]] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str, bag: CurrentBaggage) -> None:
        before = bag.get("number")
        await asyncio.sleep(0)
        seen.append((message, before, bag.get("number")))

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            for number in range(5):
                headers = Baggage({"number": str(number)}).to_headers()
                await kind.publish(broker, str(number), "orders", headers=headers)
            await deliveries.settled()

    asyncio.run(main())
    assert sorted(seen) == [(str(n), str(n), str(n)) for n in range(5)]


@every_kind
def test_a_thread_of_an_async_handler_changes_its_own_copy(kind: Kind) -> None:
    """Only a handler that is no coroutine sends on what a thread has changed."""
    chain = Chain(kind)

    @kind.subscriber(chain.broker, "first")
    @kind.publisher(chain.broker, "second")
    async def first(message: str, bag: CurrentBaggage) -> str:
        await asyncio.to_thread(bag.set, "elsewhere", "1")
        return message

    assert chain.run(tenant="acme") == [{"tenant": "acme"}]


def test_baggage_of_a_background_task() -> None:
    """A task that a handler leaves behind keeps the context that it began with."""
    broker = NATS.traced(SpanRecorder())
    seen: list[Any] = []
    go = asyncio.Event()
    left: list[asyncio.Task[None]] = []

    @NATS.subscriber(broker, "orders")
    async def handle(message: str, bag: CurrentBaggage) -> None:
        async def later() -> None:
            await go.wait()
            seen.append(dict(baggage.get_all()))

        left.append(asyncio.create_task(later()))
        bag.set("after", "1")

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            headers = Baggage({"tenant": "acme"}).to_headers()
            await NATS.publish(broker, "x", "orders", headers=headers)
            await deliveries.settled()
            go.set()
            await asyncio.gather(*left)

    asyncio.run(main())
    assert seen == [{"tenant": "acme"}]
