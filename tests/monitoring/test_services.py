"""The services of the full example record what its page says, on each broker."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from textwrap import indent

import pytest

from faststream_otel.testing import RecordedSpan, assert_trace
from guide.places import BROKERS
from guide.shop import EXAMPLE, KAFKA, WITHOUT_BATCHES, Placed, place, shop
from guide.shop_picture import drawn

FILES = EXAMPLE / "shop"
every_broker = pytest.mark.parametrize("broker", BROKERS)

ASKED = """
    request quotes [PRODUCER]
      process quotes [CONSUMER]
        reply [PRODUCER]
    receive [CLIENT]
"""
# FastStream has no request for Kafka, so the example sends its own.
ASKED_ON_KAFKA = """
    publish quotes [PRODUCER]
      process quotes [CONSUMER]
        reply quotes.answers [PRODUCER]
          process quotes.answers [CONSUMER]
"""
BOUGHT = """
      match order [INTERNAL]
      publish trades [PRODUCER]
        process trades [CONSUMER]
          send phone [INTERNAL]
          publish receipts [PRODUCER]
"""
FAILED = """
      match order [INTERNAL] ✗ TradingHaltedError: HALT
"""


def expected(broker: str, then: str, *, fails: bool = False) -> str:
    """The tree of an order that is asked for, and then handled."""
    asked = ASKED_ON_KAFKA if broker in KAFKA else ASKED
    error = " ✗ TradingHaltedError" if fails else ""
    tree = f"""
POST /orders [SERVER]
  price order [INTERNAL]
{asked.strip(chr(10))}
  publish orders [PRODUCER]
    process orders [CONSUMER]{error}
{then.strip(chr(10))}
"""
    if then != BOUGHT:
        return tree
    filed = "process receipts [CONSUMER]\n"
    if broker in WITHOUT_BATCHES:
        return tree + indent(filed, 12 * " ")
    # Messages of a batch may come from several traces: it has its own.
    return tree + filed


@every_broker
def test_an_order_that_goes_well(broker: str) -> None:
    """One trace, from the request to the receipt."""
    placed = place(broker)
    assert not placed.errors
    assert placed.answer == {"symbol": "TEA", "quantity": 3, "price": 4.5}
    assert_trace(placed.trace, expected(broker, BOUGHT))
    services = {span.name: span.service for span in placed.trace.spans}
    assert services["POST /orders"] == services["price order"] == "order"
    assert services["publish orders"] == "order"
    assert services["process quotes"] == services["match order"] == "trade"
    assert services["send phone"] == services["publish receipts"] == "notification"


@every_broker
def test_an_order_that_fails(broker: str) -> None:
    """Its process span has the error, and nothing follows."""
    placed = place(broker, symbol="HALT")
    assert [type(error).__name__ for error in placed.errors] == ["TradingHaltedError"]
    assert_trace(placed.trace, expected(broker, FAILED, fails=True))
    process = handled(placed)
    assert process.status == "ERROR"
    assert process.attributes["error.type"] == "shop.trade.TradingHaltedError"


@every_broker
@pytest.mark.parametrize(("tier", "quantity"), [("standard", 101), ("gold", 1001)])
def test_an_order_that_is_rejected(broker: str, tier: str, quantity: int) -> None:
    """It is a decision, and no error; how much is too much is told by the tier."""
    placed = place(broker, quantity=quantity, tier=tier)
    assert not placed.errors
    assert_trace(placed.trace, expected(broker, ""))
    process = handled(placed)
    assert process.status == "UNSET"
    assert process.attributes["faststream.message.decision"] == "reject"


@every_broker
@pytest.mark.parametrize(("tier", "channel"), [("gold", "phone"), ("standard", "mail")])
def test_baggage_goes_all_the_way(broker: str, tier: str, channel: str) -> None:
    """What HTTP says of the customer decides two services further on."""
    placed = place(broker, tier=tier)
    assert handled(placed).attributes["shop.customer.tier"] == tier
    entry = placed.trace.find("POST /orders")
    assert entry.attributes["shop.customer.tier"] == tier
    assert placed.trace.find(f"send {channel}").service == "notification"


@every_broker
def test_receipts(broker: str) -> None:
    """A batch links the messages that it has, a single message its own."""
    placed = place(broker)
    sent = placed.trace.find("publish receipts")
    filed = placed.trace.find("process receipts")
    (link,) = filed.links
    assert (link.trace_id, link.span_id) == (sent.trace_id, sent.span_id)
    assert filed.attributes["shop.receipts"] == 1
    single = broker in WITHOUT_BATCHES
    assert (filed.parent_id == sent.span_id) == single
    assert ("messaging.batch.message_count" in filed.attributes) != single


def handled(placed: Placed) -> RecordedSpan:
    """The span of the order in the service that buys."""
    return placed.trace.find("process orders")


def test_no_file_is_forgotten() -> None:
    """Each file is part of the services, or is the load generator."""
    used = {FILES / "load.py"}
    for broker in BROKERS:
        with shop(broker):
            for name, module in sys.modules.items():
                if name.startswith("shop.") and module.__file__:
                    used.add(Path(module.__file__))
    assert used == set(FILES.rglob("*.py"))


@pytest.mark.parametrize("seed", [1, 2])
def test_load_is_the_same_for_the_same_seed(seed: int) -> None:
    """Each order ends as the generator says, and a seed gives all kinds of them."""
    with shop("nats"):
        load = import_module("shop.load")
    orders = list(load.orders(seed, 100))
    assert orders == list(load.orders(seed, 100))
    assert orders != list(load.orders(seed + 1, 100))
    assert orders[:10] == list(load.orders(seed, 10))
    assert {order.end for order in orders} == {"bought", "failed", "rejected"}
    ends = {order.end: order for order in orders}
    for end, order in ends.items():
        placed = place("nats", order.symbol, order.quantity, order.tier)
        process = handled(placed)
        told = any(span.name == "publish receipts" for span in placed.trace.spans)
        decision = process.attributes.get("faststream.message.decision")
        assert (process.status == "ERROR") == (end == "failed")
        assert (decision == "reject") == (end == "rejected")
        assert told == (end == "bought")


@every_broker
def test_picture(broker: str) -> None:
    """The picture on the page is the one that this run draws, byte for byte."""
    for path, text in drawn(broker).items():
        assert path.read_text() == text, f"{path.name}: run scripts/update"
