"""The page about what people have: what each vendor's package would send.

Each runs in a process of its own, in an environment with all of them. Nothing leaves
this machine.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import Any

import pytest

from guide.commands import readers_environment
from guide.places import DOCS, ROOT
from servers.known import TOOLS

pytestmark = pytest.mark.program("vendors")

PAGE = (DOCS / "beside.md").read_text()
PINS = ROOT / "scripts" / "servers" / "vendors.txt"
INSTRUMENT = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"


def printed(*arguments: str, **variables: str) -> str:
    """Run a program with the vendors' packages; give what it prints."""
    python = TOOLS["vendors"].get()
    environment = readers_environment(**variables)
    environment["PATH"] = f"{python.parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        [python, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines(text: str) -> list[Any]:
    """Read what was printed, a line at a time."""
    return [json.loads(line) for line in text.splitlines() if line[0] in "[{"]


def test_the_versions_of_the_page() -> None:
    """Are those that the tests have."""
    pins = dict(re.findall(r"^([\w-]+)==(\S+)$", PINS.read_text(), re.MULTILINE))
    said = re.findall(r"on every change, ([\w-]+) ([\d.]+) ", PAGE)
    assert len(said) == 5
    assert all(pins[name] == version for name, version in said)


def test_datadog() -> None:
    """The provider of ddtrace: operation and resource, parent, and the error."""
    publish, process = lines(
        printed(
            "-m",
            "tests.docs.vendors.with_datadog",
            DD_TRACE_OTEL_ENABLED="true",
            DD_INSTRUMENTATION_TELEMETRY_ENABLED="false",
            DD_REMOTE_CONFIGURATION_ENABLED="false",
        )
    )
    assert publish[:2] == ["producer", "publish orders"]
    assert process[:2] == ["consumer", "process orders"]
    assert process[3] == publish[2]
    assert (publish[4], process[4]) == (0, 1)


def test_elastic() -> None:
    """Its distro takes the place of OpenTelemetry's, and traces FastStream."""
    text = printed(
        "-c",
        INSTRUMENT,
        "python",
        "-m",
        "tests.docs.vendors.orders",
        OTEL_TRACES_EXPORTER="console",
    )
    assert text.count('"telemetry.distro.name": "elastic"') == 2
    assert re.findall(r'^    "name": "(.+)"', text, re.MULTILINE) == [
        "publish orders",
        "process orders",
    ]


def test_azure_monitor() -> None:
    """A dependency and a request, whose parent and link are the dependency."""
    variables = {"APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true"}
    publish, process = lines(
        printed("-m", "tests.docs.vendors.with_azure", **variables)
    )
    kind = "Queue Message | nats"
    assert kind in PAGE
    assert publish[:4] == ["RemoteDependencyData", "publish orders", kind, True]
    assert process[:4] == ["RequestData", "process orders", None, False]
    assert process[5] == publish[4]
    assert [link["id"] for link in json.loads(process[6])] == [publish[4]]


def test_x_ray() -> None:
    """Messages have both headers, with the same ids."""
    setting = "tracecontext,baggage,xray"
    assert f"`OTEL_PROPAGATORS={setting}`" in PAGE
    [headers] = lines(
        printed("-m", "tests.docs.vendors.with_xray", OTEL_PROPAGATORS=setting)
    )
    _, trace_id, span_id, _ = headers["traceparent"].split("-")
    root = f"1-{trace_id[:8]}-{trace_id[8:]}"
    assert headers["X-Amzn-Trace-Id"] == f"Root={root};Parent={span_id};Sampled=1"


def test_google_cloud() -> None:
    """Parent, link and status arrive with the exporter."""
    publish, process = lines(printed("-m", "tests.docs.vendors.with_google"))
    assert publish[0] == "publish orders"
    assert process[0] == "process orders"
    assert process[2:4] == [publish[1], [publish[1]]]
    assert (publish[4], process[4]) == (0, 2)
