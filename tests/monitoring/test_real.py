"""The full example for real: brokers, the Collector, and the services as processes."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from guide.places import BROKERS
from guide.process import Process
from guide.shop import EXAMPLE, KAFKA, WITHOUT_BATCHES
from servers import monitoring, shop
from tests.monitoring import real
from tests.monitoring.real import lines, linking, spans, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from faststream_otel.testing import RecordedSpan
    from servers.received import Line

pytestmark = [
    pytest.mark.program("collector"),
    pytest.mark.program("prometheus"),
    # They are ended at the end of the test, by the context that started them.
    pytest.mark.filterwarnings("ignore:subprocess .* is still running"),
]
ROOT = EXAMPLE.parents[1]
BROWSER = 0x00F067AA0BA902B7


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.broker(name)) for name in BROKERS]
)
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """A broker with the services on it."""
    with real.running(request.param):
        yield request.param


def test_one_trace_through_all_services(broker: str) -> None:
    """From a browser's request to the receipt, with logs of each service."""
    trace_id = os.urandom(16).hex()
    answer = real.place(trace_id)
    assert answer == {"symbol": "TEA", "quantity": 3, "price": 4.5}

    found = until(lambda: spans(trace_id), is_whole)
    by_name = {span.name: span for span in found}
    assert by_name["POST /orders"].parent_id == BROWSER
    for child, parent in HOPS:
        assert by_name[child].parent_id == by_name[parent].span_id, child
    for name, service in SERVICES.items():
        assert by_name[name].service == service, name
    for name in ("orders", "trades"):
        assert by_name[f"publish {name}"].span_id in {
            link.span_id for link in by_name[f"process {name}"].links
        }
    # All belong together, and no span has come twice.
    known = {BROWSER, *(span.span_id for span in found)}
    assert {span.parent_id for span in found} <= known
    assert len({span.span_id for span in found}) == len(found)

    # What the broker has: requests and batches.
    asked = "publish quotes" if broker in KAFKA else "request quotes"
    assert by_name[asked].parent_id == by_name["price order"].span_id
    answered = until(
        lambda: [each for each in spans(trace_id) if each.name == "process quotes"],
        bool,
    )
    assert [each.parent_id for each in answered] == [by_name[asked].span_id]
    receipts = by_name["publish receipts"]
    filed = until(lambda: linking(receipts), bool)
    assert filed == [("process receipts", "notification")]
    here = [span for span in spans(trace_id) if span.name == "process receipts"]
    assert len(here) == (broker in WITHOUT_BATCHES)

    # Baggage: the tier was told to the first service alone.
    assert by_name["process orders"].attributes["shop.customer.tier"] == "gold"
    assert by_name["send phone"].service == "notification"

    said = until(lambda: lines(trace_id), lambda seen: len(own(seen)) >= 3)
    assert own(said) >= {
        ("order", "Took an order for 3 TEA", by_name["POST /orders"].span_id),
        ("trade", "Bought 3 TEA", by_name["process orders"].span_id),
        ("notification", "Told by phone: 3 TEA", by_name["send phone"].span_id),
    }
    # FastStream's own lines have the ids too.
    assert ("trade", "Received", by_name["process orders"].span_id) in {
        (line.service, line.text.strip(" |-"), line.span_id) for line in said
    }


HOPS = [
    ("price order", "POST /orders"),
    ("publish orders", "POST /orders"),
    ("process orders", "publish orders"),
    ("match order", "process orders"),
    ("publish trades", "process orders"),
    ("process trades", "publish trades"),
    ("send phone", "process trades"),
    ("publish receipts", "process trades"),
]
SERVICES = {
    "POST /orders": "order",
    "publish orders": "order",
    "process orders": "trade",
    "match order": "trade",
    "publish trades": "trade",
    "process trades": "notification",
    "send phone": "notification",
}


def is_whole(found: Sequence[RecordedSpan]) -> bool:
    """Whether each service has told: they do so in any order."""
    wanted = {*SERVICES, *(child for child, _ in HOPS)}
    return wanted <= names(found)


def names(found: Sequence[RecordedSpan]) -> set[str]:
    """The names of spans."""
    return {span.name for span in found}


def own(said: list[Line]) -> set[tuple[str, str, int]]:
    """The lines of the services themselves."""
    starts = ("Took", "Bought", "Told")
    return {
        (line.service, line.text, line.span_id)
        for line in said
        if line.text.startswith(starts)
    }


@pytest.mark.parametrize(
    "broker",
    [
        pytest.param(name, marks=pytest.mark.broker(name))
        for name in ("rabbit", "nats", "redis")
    ],
)
def test_a_service_that_is_killed(broker: str) -> None:
    """Its order waits in the queue, and the trace tells how long."""
    with real.running(broker) as services:
        trace_id = os.urandom(16).hex()
        services["trade"].kill()
        services["trade"].wait()
        # Nobody tells the price, and the order is taken all the same.
        assert real.place(trace_id)["price"] is None
        before = until(
            lambda: spans(trace_id), lambda seen: "POST /orders" in names(seen)
        )
        assert "process orders" not in names(before)

        services["trade"] = monitoring.start(broker, "trade")
        found = until(lambda: spans(trace_id), is_whole)
        said = until(lambda: lines(trace_id), lambda seen: len(own(seen)) >= 3)
    by_name = {span.name: span for span in found}
    assert by_name["request quotes"].status == "ERROR"
    entry, sent = by_name["POST /orders"], by_name["publish orders"]
    handled = by_name["process orders"]
    assert handled.parent_id == sent.span_id
    assert handled.status == "UNSET"
    # The request was answered before the order was handled: there is a gap.
    assert handled.start > entry.end
    assert handled.attributes["shop.customer.tier"] == "gold"
    warned = [line for line in said if line.text.startswith("No price")]
    assert [(line.service, line.span_id) for line in warned] == [
        ("order", by_name["price order"].span_id)
    ]


@pytest.mark.broker("rabbit")
def test_command() -> None:
    """The page's command places orders, says where to look, and stops all of it."""
    real.tidy("rabbit")
    # exec: a signal reaches the command itself.
    script = f"exec {(EXAMPLE / 'run.sh').read_text()}"
    with Process(script, cwd=ROOT, env=os.environ) as command:
        command.wait_for("Ctrl-C stops all of it.")
        assert "Placed 100 orders" in command.output
        for port in monitoring.SERVICES.values():
            assert f":{port}" in command.output
        backends = [shop.prometheus(), *shop.besides()]
        for server in backends:
            assert f"http://{server.where}" in command.output
        assert all(server.answers() for server in (*backends, shop.collector()))
        order = subprocess.run(
            ["bash", EXAMPLE / "order.sh"], capture_output=True, check=True
        )
        assert json.loads(order.stdout) == {
            "symbol": "TEA",
            "quantity": 3,
            "price": 4.5,
        }
        assert command.end() == 0, command.output
        assert "All is stopped." in command.output
    assert [each.answers() for each in (*backends, shop.collector())] == [None] * (
        len(backends) + 1
    )
    assert not any(map(monitoring.healthy, monitoring.SERVICES.values()))
