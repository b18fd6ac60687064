"""The page about other languages: a trace through a service in Go, and baggage."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from faststream.nats import NatsBroker, NatsMessage

from faststream_otel import CurrentBaggage
from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import Trace, assert_trace, in_memory
from guide.commands import of_file, readers_environment
from guide.languages import LANGUAGES, drawn
from guide.places import DOCS
from guide.process import PATIENCE, Process
from tests.brokers.receiver import Inbox, over_http

if TYPE_CHECKING:
    from pathlib import Path

GO = LANGUAGES / "go"
PAGE = (DOCS / "languages.md").read_text()
ROWS = re.findall(r"^\| `k=([^`]+)` \| `([^`]+)` \|", PAGE, flags=re.MULTILINE)


def received(value: str) -> tuple[object, str]:
    """Receive a message with this baggage; give what is read, and what is sent on."""
    outside = NatsBroker()
    broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])
    read: list[object] = []
    sent: list[str] = []

    @broker.subscriber("orders")
    @broker.publisher("invoices")
    async def bill(order: str, baggage: CurrentBaggage) -> str:
        read.append(baggage.get("k"))
        return order

    @outside.subscriber("invoices")
    async def pay(invoice: str, message: NatsMessage) -> None:
        sent.append(message.headers["baggage"])

    async def main() -> None:
        async with in_memory(broker, outside) as deliveries:
            await broker.start()
            await outside.start()
            headers = {"baggage": f"k={value}"}
            await outside.publish("tea", "orders", headers=headers)
            await deliveries.settled()

    asyncio.run(main())
    return read.pop(), sent.pop()


@pytest.mark.parametrize(("header", "value"), ROWS)
def test_what_python_reads(header: str, value: str) -> None:
    """The table's column about Python; the others were tried by hand."""
    assert len(ROWS) == 3
    assert received(header)[0] == value


def test_what_python_writes() -> None:
    """A space as a plus sign, and a property of another language as text."""
    assert received("a%20b")[1] == "k=a+b"
    assert received("v;prop=1")[1] == "k=v%3Bprop%3D1"
    assert received("a-b_c.1")[1] == "k=a-b_c.1"


def go() -> str:
    """Say why the service in Go cannot be built here, or nothing."""
    program = shutil.which("go")
    if program is None:
        return "no go on PATH"
    told = subprocess.run(
        [program, "env", "GOVERSION"], capture_output=True, check=True, text=True
    ).stdout.strip()
    needed = re.search(r"^go (\S+)$", (GO / "go.mod").read_text(), flags=re.MULTILINE)
    assert needed
    version, least = (
        tuple(map(int, re.findall(r"\d+", each)[:2])) for each in (told, needed[1])
    )
    return "" if version >= least else f"{told} is older than go{needed[1]}"


@pytest.mark.broker("nats")
@pytest.mark.skipif(bool(go()), reason=f"needs Go: {go()}")
def test_a_service_in_go(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """It continues the trace of the order, and its invoice is in the same one."""
    binary = tmp_path / "billing"
    subprocess.run(["go", "build", "-o", binary, "."], cwd=GO, check=True)
    inbox = Inbox()
    with ExitStack() as stack:
        endpoint = stack.enter_context(over_http(inbox))
        environment = readers_environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_BSP_SCHEDULE_DELAY="50",
        )
        script = of_file(LANGUAGES / "go.sh")
        settings = dict(re.findall(r"(\w+)=(\S+)", script))
        assert settings.pop("OTEL_EXPORTER_OTLP_ENDPOINT") == "http://localhost:4318"
        billing = Process(
            f"exec {binary}", cwd=LANGUAGES, env={**environment, **settings}
        )
        stack.enter_context(billing)
        billing.wait_for("Waiting for orders")
        command = of_file(LANGUAGES / "orders.sh")
        orders = Process(command, cwd=LANGUAGES, env=environment)
        stack.enter_context(orders)
        orders.wait_for("Invoice for")
        received = inbox.wait(4, within=PATIENCE)
        assert orders.end() == 0, orders.output
        assert billing.end() == 0, billing.output
    trace = Trace(tuple(each.recorded() for each in received))
    assert_trace(
        trace,
        """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            publish invoices [PRODUCER]
              process invoices [CONSUMER]
        """,
    )
    services = {span.name: span.service for span in trace.spans}
    assert services == {
        "publish orders": "orders",
        "process orders": "billing",
        "publish invoices": "billing",
        "process invoices": "orders",
    }
    for path, text in drawn(trace).items():
        if request.config.getoption("--update-examples"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        assert path.read_text() == text, f"{path.name}: --update-examples"
