"""The kit in a suite of somebody else, as pytest runs it with other plugins.

Each test of the suite stands alone: it sees the same in whatever order, process and
event loop it is run.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from os import environ
from typing import TYPE_CHECKING

import pytest

from tests.plugins import without_plugins

if TYPE_CHECKING:
    from pathlib import Path

PLUGINS = ("pytest_asyncio", "pytest_randomly", "xdist")
SHOP = """
from faststream import FastStream
from faststream.nats import NatsBroker
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from faststream_otel.nats import NatsTelemetryMiddleware

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()], logger=None)
tracer = trace.get_tracer("shop")
at_startup = []

@broker.subscriber("orders")
async def order(item: str) -> None:
    with tracer.start_as_current_span("pack"):
        pass

app = FastStream(broker, logger=None)

@app.on_startup
async def telemetry() -> None:
    for set_provider in at_startup:
        set_provider()
"""
CONFTEST = """
import pytest
import shop
from faststream import TestApp
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.util._once import Once
from faststream_otel.testing import in_memory

@pytest.fixture(autouse=True)
def no_provider():
    trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = None, Once()
    yield
    trace._TRACER_PROVIDER = None

@pytest.fixture
def exported(no_provider):
    # As many suites have it: a provider for each test.
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return lambda: sorted(span.name for span in exporter.get_finished_spans())

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.fixture
def at_startup():
    shop.at_startup.append(lambda: trace.set_tracer_provider(TracerProvider()))
    yield
    shop.at_startup.clear()

@pytest.fixture
def run():
    async def run():
        async with in_memory(shop.broker), TestApp(shop.app):
            await shop.broker.publish("tea", "orders")
    return run
"""
TESTS = """
import asyncio
import pytest
import shop
from faststream_otel.testing import assert_trace, record

ORDER = '''
    publish orders
      process orders
        pack
'''
NAMES = ["pack", "process orders", "publish orders"]
HOW

async def test_no_provider(record_telemetry, run):
    recording = record_telemetry(shop.broker)
    await run()
    assert_trace(recording.trace(), ORDER)

async def test_provider_of_the_test(exported, record_telemetry, run):
    recording = record_telemetry(shop.app)
    await run()
    assert_trace(recording.trace(), ORDER)
    assert exported() == NAMES

async def test_provider_after_the_recording_began(record_telemetry, run, request):
    recording = record_telemetry(shop.app)
    exported = request.getfixturevalue("exported")
    await run()
    assert_trace(recording.trace(), ORDER)
    assert exported() == NAMES

async def test_provider_at_startup(record_telemetry, at_startup, run):
    recording = record_telemetry(shop.broker)
    await run()
    assert_trace(recording.trace(), ORDER)

async def test_two_recordings(run):
    with record(shop.broker) as outer:
        await run()
        with record(shop.broker) as inner:
            await run()
    assert_trace(outer.trace(), ORDER + ORDER)
    assert_trace(inner.trace(), ORDER)
"""
SYNC = """
def test_a_loop_of_its_own(record_telemetry, run):
    recording = record_telemetry(shop.broker)
    asyncio.run(run())
    assert_trace(recording.trace(), ORDER)

# Once alone: without a recording, tracers keep the first provider that they see.
def test_no_recording(exported, run):
    asyncio.run(run())
    assert exported() == NAMES
"""

needs_plugins = pytest.mark.skipif(
    not all(map(find_spec, PLUGINS)), reason="the group `suites` is not installed"
)


@needs_plugins
@pytest.mark.parametrize(
    ("seed", "workers"), [(1, 0), pytest.param(2, 2, marks=pytest.mark.long)]
)
def test_any_order(tmp_path: Path, seed: int, workers: int) -> None:
    """Shuffled, in workers, in event loops of each scope, and of anyio."""
    hows = {"anyio": "anyio"} | {
        scope: f"asyncio(loop_scope={scope!r})"
        for scope in ("function", "class", "module", "package", "session")
    }
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "__init__.py").touch()
    for name, how in hows.items():
        marked = TESTS.replace("HOW", f"pytestmark = pytest.mark.{how}")
        (tmp_path / f"test_{name}.py").write_text(marked)
    sync = TESTS[: TESTS.index("HOW")] + SYNC
    (tmp_path / "test_sync.py").write_text(sync)
    options = ["-q", "-pno:cacheprovider", f"--randomly-seed={seed}", f"-n{workers}"]
    options += without_plugins(
        "faststream_otel", "anyio", "asyncio", "randomly", "xdist"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env={**environ, "PYTHONPATH": str(tmp_path)},
        encoding="utf-8",
    )
    assert "32 passed" in ran.stdout, ran.stdout + ran.stderr


SNAPSHOTS = """
import asyncio
import pytest
import shop
from faststream_otel.testing import assert_trace, record
from inline_snapshot import snapshot as inline

NAMES = ["messaging.system", "messaging.destination.name", "messaging.message.id"]

def shape(run):
    with record(shop.broker, reproducible=True) as recording:
        asyncio.run(run())
    return recording.trace().shape(attributes=NAMES)

def test_inline(run):
    assert shape(run) == inline()

def test_syrupy(run, snapshot):
    assert shape(run) == snapshot
"""


@pytest.mark.long
@pytest.mark.skipif(
    not all(map(find_spec, ("inline_snapshot", "syrupy"))),
    reason="the group `suites` is not installed",
)
def test_snapshots(tmp_path: Path) -> None:
    """A shape with attributes is a snapshot: what is written once holds again."""
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    test = tmp_path / "test_snapshots.py"
    test.write_text(SNAPSHOTS)

    def run(*options: str) -> str:
        quiet = ["-pno:cacheprovider"]
        quiet += without_plugins("faststream_otel", "inline_snapshot", "syrupy")
        # Nothing of the run that this test may be one of many workers of.
        env = {k: v for k, v in environ.items() if not k.startswith("PYTEST_")}
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *quiet, *options],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
        return ran.stdout + ran.stderr

    written = run("--snapshot-update", "--inline-snapshot=create")
    assert "publish orders [PRODUCER]" in test.read_text(), written
    kept = (tmp_path / "__snapshots__" / "test_snapshots.ambr").read_text()
    assert "  process orders [CONSUMER] {messaging.system=nats, " in kept
    assert "2 passed" in run("--inline-snapshot=disable")
    shop = (tmp_path / "shop.py").read_text().replace('"pack"', '"wrap"')
    (tmp_path / "shop.py").write_text(shop)
    said = run("--inline-snapshot=disable")
    assert "2 failed" in said
    assert "wrap [INTERNAL]" in said
