"""The Collectors of the page about production, run for real."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections import defaultdict
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import StatusCode

from guide.backends import free_port
from servers.known import SERVERS
from tests.brokers.receiver import Inbox, over_grpc
from tests.docs.production import COLLECTORS, CONFIGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WITHIN = 30.0  # seconds, at the most


def collector() -> Path:
    """Give the Collector's program, which is there where it has been started."""
    return SERVERS["collector"].program.get()


@pytest.mark.broker("collector")
@pytest.mark.parametrize("name", COLLECTORS)
def test_the_collector_takes_it(name: str) -> None:
    """The Collector itself says that a configuration is valid."""
    done = subprocess.run(
        [collector(), "validate", "--config", CONFIGS / f"{name}.yaml"],
        env={**os.environ, "BACKEND": "backend:4317"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def running(name: str, log: Path, **environment: str) -> Iterator[str]:
    """Run a Collector with a configuration of the guide; give where it listens."""
    where = f"127.0.0.1:{free_port()}"
    config = CONFIGS / f"{name}.yaml"
    quiet = "--set=service::telemetry::metrics::level=none"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [collector(), "--config", config, quiet],
            env={**os.environ, "LISTEN": where, **environment},
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            wait_for(log, "Everything is ready")
            yield where
        finally:
            process.terminate()


def wait_for(log: Path, words: str) -> None:
    """Wait until a log has these words."""
    ready = Event()
    for _ in range(int(WITHIN * 50)):
        if words in log.read_text():
            return
        ready.wait(0.02)
    raise AssertionError(log.read_text())


@pytest.mark.broker("collector")
def test_all_spans_of_a_trace_come_to_the_same_sampler(tmp_path: Path) -> None:
    """Also where they are sent one by one; and a failed trace is kept whole."""
    inboxes = Inbox(), Inbox()
    with contextlib.ExitStack() as stack:
        samplers = [
            stack.enter_context(
                running(
                    "collector_sampler",
                    tmp_path / f"sampler-{number}.log",
                    BACKEND=stack.enter_context(over_grpc(inbox)),
                    DECISION_WAIT="2s",
                )
            )
            for number, inbox in enumerate(inboxes)
        ]
        front = stack.enter_context(
            running(
                "collector_front",
                tmp_path / "front.log",
                SAMPLER_1=samplers[0],
                SAMPLER_2=samplers[1],
            )
        )
        failed = send_traces(front, count=20)
        well = send_traces(front, count=20, fails=False)
        wanted = 3 * len(failed)
        arrived = await_both(inboxes, wanted)
    where = defaultdict(set)
    spans: defaultdict[int, int] = defaultdict(int)
    for number, received in enumerate(arrived):
        for each in received:
            trace_id = int.from_bytes(each.span.trace_id, "big")
            where[trace_id].add(number)
            spans[trace_id] += 1
    assert failed <= set(where), "a failed trace was not kept"
    assert all(len(numbers) == 1 for numbers in where.values()), "a trace was split"
    assert {number for numbers in where.values() for number in numbers} == {0, 1}
    assert set(spans.values()) == {3}, "a trace is not whole"
    assert len(well & set(where)) < len(well), "everything was kept"


def await_both(inboxes: tuple[Inbox, Inbox], wanted: int) -> list[list[Any]]:
    """Wait for spans of which nobody knows in which of two inboxes they will be."""
    for _ in range(int(WITHIN * 10)):
        arrived = [inbox.wait(wanted, 0.05) for inbox in inboxes]
        if sum(map(len, arrived)) >= wanted:
            return arrived
    return arrived


def send_traces(front: str, *, count: int, fails: bool = True) -> set[int]:
    """Send traces of three spans, each span by itself; the last one may have failed."""
    provider = TracerProvider(shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=front, insecure=True)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    ids = set()
    for _ in range(count):
        with tracer.start_as_current_span("publish orders") as root:
            with (
                tracer.start_as_current_span("process orders"),
                tracer.start_as_current_span("publish invoices") as last,
            ):
                if fails:
                    last.set_status(StatusCode.ERROR)
            ids.add(root.get_span_context().trace_id)
    provider.shutdown()
    return ids
