"""`opentelemetry-instrument` traces applications that know nothing of telemetry.

Each runs in a process of its own, as a reader of the guide would start it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.kinds import process_per_broker

ROOT = Path(__file__).parents[1]
PROGRAMS = ROOT / "docs_src"
SPANS = ["publish orders", "process orders", "publish invoices", "process invoices"]

IN_MEMORY = """
import asyncio

import zero_code
from faststream import TestApp

from faststream_otel.testing import in_memory


async def main():
    async with in_memory(zero_code.broker), TestApp(zero_code.app):
        pass


asyncio.run(main())
"""

FASTAPI = """
import asyncio

import httpx
from fastapi import FastAPI
from faststream.kafka.fastapi import KafkaRouter

from faststream_otel.testing import in_memory

router = KafkaRouter()


@router.post("/orders")
async def order():
    await router.broker.publish("a book", "orders")


@router.subscriber("orders")
async def bill(order: str):
    print("Invoice for", order)


app = FastAPI()
app.include_router(router)


async def main():
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    )
    async with in_memory(router.broker) as deliveries, client:
        response = await client.post("/orders")
        assert response.status_code == 200
        await deliveries.settled()


asyncio.run(main())
"""

EXPORT = {
    "OTEL_TRACES_EXPORTER": "console",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
}


class Ran(NamedTuple):
    """What a process printed: its exporter's spans by name, and the rest."""

    spans: dict[str, dict[str, Any]]
    text: str
    errors: str


def run(program: str, broker: str, **variables: str) -> Ran:
    """Run a program below `opentelemetry-instrument`, and read what it printed."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("OTEL")}
    done = subprocess.run(
        [
            Path(sys.executable).parent / "opentelemetry-instrument",
            "python",
            "-c",
            program,
        ],
        cwd=PROGRAMS / broker,
        env={
            **inherited,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **variables,
        },
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    decoder, rest, text = json.JSONDecoder(), done.stdout, ""
    spans = {}
    while rest:
        if rest.startswith("{"):
            span, end = decoder.raw_decode(rest)
            spans[span["name"]] = span
            rest = rest[end:].lstrip("\n")
        else:
            line, _, rest = rest.partition("\n")
            text += f"{line}\n"
    return Ran(spans, text, done.stderr)


def assert_straight_line(spans: dict[str, dict[str, Any]], names: list[str]) -> None:
    """Each span is below the one before, all of them in one trace."""
    assert set(spans) == set(names)
    parent = None
    for name in names:
        assert spans[name]["parent_id"] == parent, name
        parent = spans[name]["context"]["span_id"]
    assert len({span["context"]["trace_id"] for span in spans.values()}) == 1


@process_per_broker
def test_an_untouched_app_is_traced(broker: str) -> None:
    """The program of the guide has no telemetry, and makes the trace of its page."""
    ran = run(IN_MEMORY, broker, **EXPORT)
    assert ran.text == "Invoice for a book\n"
    assert_straight_line(ran.spans, SPANS)


@pytest.mark.parametrize(
    "names",
    [
        "faststream",
        pytest.param("redis, faststream", marks=pytest.mark.long),
        pytest.param("*", marks=pytest.mark.long),
    ],
)
def test_it_can_be_left_out(names: str) -> None:
    """By the name of its entry point, as every instrumentation."""
    ran = run(IN_MEMORY, "nats", OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=names, **EXPORT)
    assert ran.text == "Invoice for a book\n"
    assert not ran.spans


def test_the_sdk_can_be_disabled() -> None:
    """The app works, and nothing is recorded."""
    ran = run(IN_MEMORY, "nats", OTEL_SDK_DISABLED="true", **EXPORT)
    assert ran.text == "Invoice for a book\n"
    assert not ran.spans


def test_the_environment_gives_options() -> None:
    """Those that have a variable."""
    ran = run(
        IN_MEMORY,
        "nats",
        OTEL_PYTHON_FASTSTREAM_EXCLUDED_DESTINATIONS="invoices",
        **EXPORT,
    )
    assert_straight_line(ran.spans, SPANS[:2])


def test_a_declarative_file_gives_options() -> None:
    """The file of the guide: exporter, propagators, and options of ours."""
    ran = run(IN_MEMORY, "nats", OTEL_CONFIG_FILE="../shell/zero_code.yaml")
    assert ran.text == "Invoice for a book\n"
    assert_straight_line(ran.spans, SPANS[:2])
    for span in ran.spans.values():
        assert span["attributes"]["messaging.message.body.size"] == len("a book")
        assert span["resource"]["attributes"]["service.name"] == "zero_code"
    assert "Failed" not in ran.errors, ran.errors


def test_a_declarative_file_with_an_empty_option(tmp_path: Path) -> None:
    """It counts as left out."""
    file = tmp_path / "otel.yaml"
    given = (PROGRAMS / "shell" / "zero_code.yaml").read_text()
    file.write_text(given.replace("exclude:", "incoming:\n      exclude:"))
    ran = run(IN_MEMORY, "nats", OTEL_CONFIG_FILE=str(file))
    assert_straight_line(ran.spans, SPANS[:2])


def test_a_declarative_file_with_an_unknown_option(tmp_path: Path) -> None:
    """The log says so, and the app is traced without options, as it would be alone."""
    file = tmp_path / "otel.yaml"
    given = (PROGRAMS / "shell" / "zero_code.yaml").read_text()
    file.write_text(given.replace("exclude:", "excludes:"))
    ran = run(IN_MEMORY, "nats", OTEL_CONFIG_FILE=str(file))
    assert "unexpected keyword argument 'excludes'" in ran.errors
    assert_straight_line(ran.spans, SPANS)


def test_a_declarative_file_cannot_leave_it_out(tmp_path: Path) -> None:
    """`opentelemetry-instrument` asks the environment alone, as the page says."""
    file = tmp_path / "otel.yaml"
    given = (PROGRAMS / "shell" / "zero_code.yaml").read_text()
    file.write_text(given.replace("exclude:", "enabled: false\n      exclude:"))
    variables = {"OTEL_CONFIG_FILE": str(file)}
    assert_straight_line(run(IN_MEMORY, "nats", **variables).spans, SPANS)
    variables["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"] = "faststream"
    assert run(IN_MEMORY, "nats", **variables).spans == {}


def test_http_and_messages_are_one_trace() -> None:
    """With the instrumentation of FastAPI: from the request to the handler."""
    ran = run(FASTAPI, "kafka", **EXPORT)
    assert ran.text == "Invoice for a book\n"
    internal = {name for name in ran.spans if name.startswith("POST /orders http")}
    spans = {name: ran.spans[name] for name in ran.spans if name not in internal}
    assert_straight_line(spans, ["POST /orders", "publish orders", "process orders"])
