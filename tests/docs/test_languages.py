"""The page about other languages: traces through Go and Java, and baggage."""

from __future__ import annotations

import asyncio
import hashlib
import re
import signal
import subprocess
import time
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
from tests.brokers.receiver import Inbox, Received, over_http, trace_of

if TYPE_CHECKING:
    from pathlib import Path

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


LAST = re.compile(r"\n(?=[^\n]*\Z)")
# What each language shows: its commands, the Python service, and the trace.
SERVICES = {
    "go": (
        "orders",
        """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            publish invoices [PRODUCER]
              process invoices [CONSUMER]
        """,
    ),
    "java": (
        "orders_kafka",
        """
        publish orders [PRODUCER]
          orders process [CONSUMER]
            invoices publish [PRODUCER]
              process invoices [CONSUMER]
        """,
    ),
}


def saved(language: str, orders: str, to: Path) -> Path:
    """Save what the page shows of a language, as a reader does, and nothing else."""
    shown = set(re.findall(r'title="languages/([^"]+)"', PAGE))
    files = {each for each in shown if each.startswith(f"{language}/")}
    assert files
    for name in {*files, f"{orders}.py"} & shown:
        (to / name).parent.mkdir(exist_ok=True)
        (to / name).write_text((LANGUAGES / name).read_text())
    return to


def built(language: str, directory: Path, environment: dict[str, str]) -> str:
    """Run all commands of a service but the last; give that, and where it runs."""
    script = re.sub(r"\\\n\s*", "", (LANGUAGES / f"{language}.sh").read_text())
    before, last = LAST.split(script.strip())
    subprocess.run(
        ["bash", "-e", "-c", before], cwd=directory, env=environment, check=True
    )
    return f"{before.splitlines()[0]}; exec env {last}"


def of_the_order(inbox: Inbox, spans: int) -> Trace:
    """Give the order's trace, once it is whole.

    A broker may have had orders and invoices of before, which are handled as well.
    """
    until = time.monotonic() + PATIENCE
    came: list[Received] = []
    while True:
        came = inbox.wait(len(came) + 1, max(0, until - time.monotonic()))
        recorded = trace_of(came).spans
        ids = {each.trace_id for each in recorded if each.name == "publish orders"}
        assert len(ids) <= 1
        trace = Trace(tuple(each for each in recorded if each.trace_id in ids))
        if len(trace.spans) >= spans or time.monotonic() > until:
            return trace


def trace_through(language: str, directory: Path) -> Trace:
    """Run the services of a language, from the page's files; give the order's trace."""
    orders, shape = SERVICES[language]
    saved(language, orders, directory)
    inbox = Inbox()
    with ExitStack() as stack:
        endpoint = stack.enter_context(over_http(inbox))
        environment = readers_environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_BSP_SCHEDULE_DELAY="50",
            JAVA_TOOL_OPTIONS="-XX:TieredStopAtLevel=1",
        )
        start = built(language, directory, environment)
        assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 " in start
        start = start.replace("http://localhost:4318", endpoint)
        billing = Process(start, cwd=directory, env=environment)
        stack.enter_context(billing)
        # A JVM with an agent takes a few times what a process of Python takes.
        billing.wait_for("Waiting for orders", within=3 * PATIENCE)
        command = of_file(LANGUAGES / f"{orders}.sh")
        python = Process(command, cwd=directory, env=environment)
        stack.enter_context(python)
        python.wait_for("Invoice for a book")
        trace = of_the_order(inbox, spans=4)
        assert python.end() == 0, python.output
        assert billing.end() in {0, 128 + signal.SIGTERM}, billing.output
    assert_trace(trace, shape)
    assert [(each.service, each.kind) for each in trace.spans] == [
        ("orders", "PRODUCER"),
        ("billing", "CONSUMER"),
        ("billing", "PRODUCER"),
        ("orders", "CONSUMER"),
    ]
    return trace


def compare(trace: Trace, language: str, request: pytest.FixtureRequest) -> None:
    """Compare the pictures on the page with this trace, or draw them anew."""
    for path, text in drawn(trace, language).items():
        if request.config.getoption("--update-examples"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        assert path.read_text() == text, f"{path.name}: --update-examples"


@pytest.mark.broker("nats")
@pytest.mark.program("go")
def test_a_service_in_go(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """It continues the trace of the order, and its invoice is in the same one."""
    compare(trace_through("go", tmp_path), "go", request)
    known = (LANGUAGES / "go" / "go.sum").read_text().splitlines()
    used = (tmp_path / "go" / "go.sum").read_text().splitlines()
    assert set(used) <= set(known)


@pytest.mark.broker("kafka")
@pytest.mark.program("javac")
@pytest.mark.program("mvn")
def test_a_service_in_java(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The agent does for it what the middleware does for the service in Python."""
    compare(trace_through("java", tmp_path), "java", request)
    known = (LANGUAGES / "java" / "jars.sha256").read_text().splitlines()
    used = [
        f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}"
        for jar in sorted((tmp_path / "java" / "jars").iterdir())
    ]
    assert used == known
