"""What the page "Sampling" says, of samplers and of a real Collector."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_ON,
    ParentBased,
    Sampler,
    TraceIdRatioBased,
)

from faststream_otel.testing import record
from guide.fresh import a_new_process
from guide.places import BROKERS, PROGRAMS
from guide.process import PATIENCE
from guide.programs import Program
from servers.known import SERVERS
from tests.brokers.receiver import Inbox, over_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from opentelemetry.sdk.trace import ReadableSpan

CONFIG = PROGRAMS / "config" / "tail_sampling.yaml"
ORDINARY = 100
every_broker = pytest.mark.parametrize("broker", BROKERS)


def test_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file sets the sampler that the page says, in a provider without one."""
    for line in (PROGRAMS / "shell" / "sampler.sh").read_text().splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        monkeypatch.setenv(name, value)
    sampler = TracerProvider(shutdown_on_exit=False).sampler
    assert isinstance(sampler, ParentBased)
    expected = ParentBased(TraceIdRatioBased(0.1))
    assert description(sampler) == description(expected)


def test_the_default() -> None:
    """Without a word everything that the parent does not forbid."""
    sampler = TracerProvider(shutdown_on_exit=False).sampler
    assert description(sampler) == description(ParentBased(ALWAYS_ON))


def description(sampler: Sampler) -> str:
    """What a sampler says of itself."""
    return str(sampler.get_description())


@every_broker
def test_what_follows_a_dropped_span_is_dropped(
    broker: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`heard` was handled, and has no span."""
    recorded = Program(broker, "sampler").record()
    assert "Heard 1" in capsys.readouterr().out
    assert {span.name for span in recorded.spans} == {
        "publish orders",
        "process orders",
    }


@every_broker
def test_exclude_leaves_out_a_hop(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows from it is recorded, as a root."""
    monkeypatch.setenv("OTEL_PYTHON_FASTSTREAM_EXCLUDED_DESTINATIONS", "heartbeats")
    program = Program(broker, "sampler")
    with a_new_process():
        module: Any = program.load()
        module.tracer_provider.sampler = ALWAYS_ON
        with record(module.app) as recording:
            asyncio.run(program.play(module))
    spans = recording.trace().spans
    (heard,) = [span for span in spans if span.name == "publish heard"]
    assert heard.parent_id is None
    assert not [span for span in spans if "heartbeats" in span.name]


@pytest.fixture
def collector() -> Path:
    """The Collector that `scripts/brokers` has built."""
    return SERVERS["collector"].program.get()


@pytest.mark.broker("collector")
def test_the_configuration_is_valid(collector: Path) -> None:
    """A real Collector takes it."""
    done = subprocess.run(
        [str(collector), "validate", "--config", str(CONFIG)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.broker("collector")
def test_failing_and_slow_traces_are_kept(collector: Path) -> None:
    """And of the others about one in twenty, by a real Collector."""
    inbox = Inbox()
    wanted = {"slow", "failed"}
    with over_grpc(inbox) as backend, running(collector, backend) as endpoint:
        exporter = OTLPSpanExporter(endpoint=endpoint, insecure=True)
        exporter.export(recorded())
        exporter.shutdown()
        deadline = time.monotonic() + PATIENCE
        while not wanted <= names(inbox) and time.monotonic() < deadline:
            inbox.wait(len(inbox.wait(0, 0)) + 1, within=1)
    assert wanted <= names(inbox)
    kept = [each for each in inbox.wait(0, 0) if each.span.name == "ordinary"]
    assert 0 < len(kept) < ORDINARY / 5


def recorded() -> Sequence[ReadableSpan]:
    """Many ordinary traces, a slow one, and those of the page about errors."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    program = Program("nats", "errors")
    with a_new_process():
        trace.set_tracer_provider(provider)
        for _ in range(ORDINARY):
            tracer.start_span("ordinary").end()
        now = time.time_ns()
        tracer.start_span("slow", start_time=now).end(now + 600_000_000)
        asyncio.run(program.play(program.load()))
        return exporter.get_finished_spans()


def names(inbox: Inbox) -> set[str]:
    """What came: the names of spans, and whether one failed."""
    spans = [each.span for each in inbox.wait(0, within=0)]
    failed = {
        "failed" for span in spans if span.status.code == span.status.STATUS_CODE_ERROR
    }
    return {span.name for span in spans} | failed


@contextlib.contextmanager
def running(collector: Path, backend: str) -> Iterator[str]:
    """Run a Collector of its own with the page's configuration; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        [
            str(collector),
            "--config",
            str(CONFIG),
            "--set=processors.tail_sampling.decision_wait=1s",
            f"--set=receivers.otlp.protocols.grpc.endpoint={address}",
            "--set=service.telemetry.metrics.level=none",
        ],
        env={**os.environ, "BACKEND": backend.removeprefix("http://")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "Everything is ready" in line:
                break
        assert process.poll() is None, "the Collector has ended"
        yield f"http://{address}"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
