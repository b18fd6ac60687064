"""What is installed with the package, what importing it brings, and its own files."""

from __future__ import annotations

import ast
import functools
import json
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib.metadata import requires
from pathlib import Path

import pytest

import faststream_otel

PACKAGE = Path(faststream_otel.__file__).parent
ROOT = PACKAGE.parent
CLIENTS = {
    "confluent": {"confluent_kafka"},
    "kafka": {"aiokafka"},
    "mqtt": {"zmqtt"},
    "nats": {"nats"},
    "rabbit": {"aio_pika", "aiormq"},
    "redis": {"redis"},
}
SDK = "opentelemetry.sdk"


def imported_by(module: str) -> set[str]:
    """Name what a fresh interpreter has imported after `module`."""
    code = f"import json, sys, {module}; print(json.dumps(list(sys.modules)))"
    run = [sys.executable, "-c", code]
    output = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    return set(json.loads(output))


# What it has imported after FastStream's broker, then after telemetry for it as well:
# FastStream's own, and ours.
_OF_A_BROKER = """
import importlib, json, os, sys
broker = sys.argv[1]
for module in "faststream", "faststream.{}.opentelemetry", "faststream_otel.{}":
    importlib.import_module(f"faststream.{broker}")
    child = os.fork()
    if not child:
        importlib.import_module(module.format(broker))
        print(json.dumps(list(sys.modules)), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


@functools.cache
def imported_for(broker: str) -> list[set[str]]:
    """Name what is imported for a broker alone, with FastStream's own, with ours."""
    run = [sys.executable, "-c", _OF_A_BROKER, broker]
    output = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    found = [set(json.loads(line)) for line in output.splitlines()]
    assert len(found) == 3
    return found


def test_dependencies_are_two() -> None:
    """Without extras come FastStream and OpenTelemetry's API, and nothing else."""
    always = [each for each in requires("faststream-otel") or () if ";" not in each]
    names = {re.split(r"[^\w-]", each)[0] for each in always}
    assert names == {"faststream", "opentelemetry-api"}


def test_import_brings_no_client_and_no_sdk() -> None:
    """`import faststream_otel` works where only its dependencies are."""
    unwanted = {SDK}.union(*CLIENTS.values())
    assert not unwanted & imported_by("faststream_otel")


@pytest.mark.parametrize("broker", CLIENTS)
def test_import_of_a_broker_brings_its_client_alone(broker: str) -> None:
    """`faststream_otel.nats` needs nats-py, and no other client, nor the SDK."""
    unwanted = {SDK}.union(*CLIENTS.values())
    found = imported_by(f"faststream_otel.{broker}")
    assert CLIENTS[broker] <= found
    # redis-py imports the SDK by itself where it is installed.
    assert not unwanted & (found - imported_for(broker)[0])


@pytest.mark.parametrize("broker", CLIENTS)
def test_import_of_a_broker_brings_few_modules(broker: str) -> None:
    """At most 20 more than FastStream's own telemetry, which is a middleware, too."""
    _, own, ours = imported_for(broker)
    # FastStream's broker for MQTT imports FastStream's telemetry in any case.
    ours = {name for name in ours if not name.startswith("faststream.opentelemetry")}
    assert f"faststream_otel.{broker}" in ours
    assert len(ours) <= len(own) + 20, sorted(ours - own)


@pytest.mark.parametrize("broker", CLIENTS)
def test_import_reads_no_configuration(broker: str) -> None:
    """Code may set `OTEL_PROPAGATORS` after its imports, as python-dotenv does."""
    before, _, ours = imported_for(broker)
    assert "opentelemetry.propagate" not in ours - before


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.name)
def test_files_are_short(path: Path) -> None:
    """A file holds one concept, and 300 lines are enough for it."""
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize(
    "name",
    [
        "arrival",
        "creating",
        "processing",
        "receiving",
        "operation",
        "outgoing",
        "sending",
        "settling",
    ],
)
def test_scopes_name_no_broker(name: str) -> None:
    """A seventh broker is one new file."""
    text = (PACKAGE / f"_{name}.py").read_text().lower()
    assert not {broker for broker in ("rabbit", *CLIENTS) if broker in text}


def imports(path: Path) -> set[str]:
    """Name the modules of the package that one of them imports, for types as well."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(NAME):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in MODULES else f"{node.module}")
    return found & set(MODULES)


NAME = PACKAGE.name
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(
        ".__init__"
    ): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def test_no_modules_import_each_other() -> None:
    """There is no circle, not even one that only a type checker sees."""
    graph = {name: imports(path) for name, path in MODULES.items()}
    assert len(graph["faststream_otel._sending"]) > 5
    # Raises CycleError, which names the circle.
    assert list(TopologicalSorter(graph).static_order())
