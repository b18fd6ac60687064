"""The fixture that pytest finds by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from faststream_otel.testing import assert_trace, in_memory
from tests.kinds import KINDS
from tests.plugins import without_plugins

if TYPE_CHECKING:
    from pathlib import Path

    from faststream_otel.testing import RecordTelemetry

NATS = next(kind for kind in KINDS if kind.name == "nats")
BROKER = """
import pytest
from faststream.nats import NatsBroker, TestNatsBroker
from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import assert_trace, in_memory

middleware = NatsTelemetryMiddleware()
broker = NatsBroker(middlewares=[middleware])
telemetry = middleware.telemetry

@broker.subscriber("orders")
async def order(item: str) -> None: ...
"""
TEST = """
async def test_order(record_telemetry):
    recording = record_telemetry(broker)
    async with TestNatsBroker(broker):
        await broker.publish("lamp", "orders")
    assert_trace(recording.trace(), '''
        publish orders
          process orders
    ''')

def test_it_has_ended():
    assert middleware.telemetry is telemetry
"""


# Without plugins of others, but for those that a test is about.
ALONE = ["-pno:cacheprovider", *without_plugins("faststream_otel", "anyio", "asyncio")]


def run(directory: Path, text: str, *options: str) -> str:
    """Run a file of tests as its author would, and give what pytest says."""
    (directory / "test_it.py").write_text(text)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *ALONE, *options],
        cwd=directory,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    return ran.stdout + ran.stderr


def test_anyio(tmp_path: Path) -> None:
    """The fixture serves coroutines too, and its recording ends with the test."""
    marked = "pytestmark = pytest.mark.anyio\n" + TEST
    backend = "\n@pytest.fixture\ndef anyio_backend(): return 'asyncio'\n"
    assert "2 passed" in run(tmp_path, BROKER + backend + marked)


@pytest.mark.skipif(not find_spec("pytest_asyncio"), reason="not installed")
def test_asyncio(tmp_path: Path) -> None:
    """As with anyio."""
    text = BROKER + TEST.replace("async def", "@pytest.mark.asyncio\nasync def")
    assert "2 passed" in run(tmp_path, text)


def test_a_failure_shows_the_difference(tmp_path: Path) -> None:
    """It ends where the reader wrote his shape, not inside `assert_trace`."""
    text = BROKER + (
        "import asyncio\n"
        "def test_order(record_telemetry):\n"
        "    recording = record_telemetry(broker)\n"
        "    assert_trace(recording.trace(), 'publish orders')\n"
    )
    said = run(tmp_path, text)
    assert "E       -publish orders" in said
    assert "_shape.py" not in said


def test_it_can_be_left_out(tmp_path: Path) -> None:
    """`-p no:faststream_otel` knows it by its name."""
    said = run(tmp_path, BROKER + TEST, "-p", "no:faststream_otel")
    assert "fixture 'record_telemetry' not found" in said


def test_it_imports_nothing_until_it_is_used(tmp_path: Path) -> None:
    """Without it, pytest would not start faster."""
    said = run(
        tmp_path,
        "import json, sys\ndef test_it(): print(json.dumps(list(sys.modules)))\n",
        "-s",
    )
    modules = set(json.loads(said.splitlines()[0].rpartition("]")[0] + "]"))
    assert "pytest_faststream_otel" in modules
    assert not {"faststream", "faststream_otel", "opentelemetry"} & modules


def test_several_recordings(record_telemetry: RecordTelemetry) -> None:
    """One test may record several brokers, each with options of its own."""
    brokers = [NATS.broker(middlewares=[NATS.middleware()]) for _ in range(2)]
    recordings = [
        record_telemetry(broker, service=name)
        for broker, name in zip(brokers, "ab", strict=True)
    ]

    async def main() -> None:
        async with in_memory(*brokers):
            await brokers[0].publish("lamp", "orders")

    import asyncio

    asyncio.run(main())
    assert_trace(recordings[0].trace(), "publish orders")
    assert recordings[0].trace().spans[0].service == "a"
    assert not recordings[1].trace().spans
