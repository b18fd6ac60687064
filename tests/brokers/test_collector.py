"""The Collector that `scripts/brokers` builds: its parts, and that it takes spans."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import yaml
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as OverGrpc,
)
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as OverHttp,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from servers import known
from servers.known import SERVERS

if TYPE_CHECKING:
    from pathlib import Path

    from opentelemetry.sdk.trace.export import SpanExporter

COLLECTOR = SERVERS["collector"]
PATIENCE = 10.0  # seconds

pytestmark = pytest.mark.broker("collector")


@pytest.fixture(scope="module")
def program() -> Path:
    """The built program, which runs if the test does."""
    if COLLECTOR.pid() is None:
        pytest.skip("the Collector was not started by scripts/brokers")
    return COLLECTOR.program.get()


def test_parts(program: Path) -> None:
    """It has those of the file, and no other."""
    listed = subprocess.run(
        [program, "components"], capture_output=True, text=True, check=True
    )
    has, wanted = (
        {
            part["module" if "module" in part else "gomod"].partition(" ")[0]
            for kind in ("receivers", "processors", "exporters", "connectors")
            for part in parts[kind]
        }
        for parts in (
            yaml.safe_load(listed.stdout),
            yaml.safe_load((known.FILES / "collector.parts.yaml").read_text()),
        )
    )
    assert has == wanted


@pytest.mark.parametrize("exporter", [OverGrpc, OverHttp])
def test_a_span_is_in_its_file(
    program: Path, exporter: type[SpanExporter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By either way of OTLP, on the usual ports."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    name = uuid4().hex
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter()))
    provider.get_tracer("test").start_span(name).end()
    provider.shutdown()
    until = time.monotonic() + PATIENCE
    while name not in (COLLECTOR.data / "received.json").read_text():
        assert time.monotonic() < until, (COLLECTOR.folder / "log").read_text()
        time.sleep(0.05)
