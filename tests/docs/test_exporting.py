"""What the page on exporters says of its programs, without servers.

`tests/brokers/test_exporters.py` sends to those that readers use.
"""

from __future__ import annotations

import json
import re
from importlib.metadata import entry_points

import pytest

from faststream_otel.testing import assert_trace
from guide import backends
from guide.places import BROKERS, PROGRAMS, ROOT
from guide.programs import Program
from tests.brokers.receiver import PROTOCOLS, Inbox, trace_of
from tests.docs.exporting import EXPORTING, STEPS, Heard, environment, run
from tests.docs.test_programs import assert_links_its_message
from tests.docs.test_variables import BY_HTTP
from tests.kinds import long_but_on_one

ONE_MESSAGE = """
    publish orders [PRODUCER]
      process orders [CONSUMER]
"""


def programs(*steps: str) -> pytest.MarkDecorator:
    """Test the programs of these steps, each in a process, on each broker."""
    these = [program for program in EXPORTING if program.step in steps]
    assert len(these) == len(steps) * len(BROKERS)
    marked = [
        pytest.param(each, marks=long_but_on_one(each.broker), id=str(each))
        for each in these
    ]
    return pytest.mark.parametrize("program", marked)


@programs("exporting", "exporting_http")
def test_otlp(program: Program) -> None:
    """The last spans are sent when the process ends: the trace is whole."""
    protocol = "http/protobuf" if program.step == "exporting_http" else "grpc"
    inbox = Inbox()
    with PROTOCOLS[protocol](inbox) as endpoint:
        output = run(program, environment(endpoint))
        received = inbox.wait(2, within=0)
    assert output.splitlines() == program.shown() == ["Packing tea"]
    assert {each.service for each in received} == {"shop"}
    recorded = trace_of(received)
    assert_trace(recorded, ONE_MESSAGE)
    assert_links_its_message(recorded, recorded.spans[-1])
    assert recorded.spans[-1].links


@pytest.mark.parametrize("broker", BROKERS)
def test_only_the_import_differs(broker: str) -> None:
    """Between the two ways of OTLP, besides what the programs say of themselves."""
    grpc, http = (
        Program(broker, step).path.read_text().splitlines()
        for step in ("exporting", "exporting_http")
    )
    differ = [line for line in zip(grpc[1:], http[1:], strict=True) if len({*line}) > 1]
    ((before, after),) = differ
    assert before.replace(".grpc.", ".http.") == after


@programs("exporting_zipkin")
def test_zipkin(program: Program) -> None:
    """Zipkin is sent both spans, at the end, in its own format."""
    with Heard() as heard:
        endpoint = f"{heard.endpoint}/api/v2/spans"
        output = run(program, environment(OTEL_EXPORTER_ZIPKIN_ENDPOINT=endpoint))
    assert output.splitlines() == program.shown() == ["Packing tea"]
    ((headers, body),) = heard.posts
    assert headers["path"] == "/api/v2/spans"
    publish, process = map(backends.of_zipkin, json.loads(body))
    assert (publish.name, process.name) == ("publish orders", "process orders")
    assert (publish.kind, process.kind) == ("PRODUCER", "CONSUMER")
    assert process.parent_id == publish.span_id
    assert {publish.service, process.service} == {"shop"}


@pytest.mark.parametrize(
    "program", [BY_HTTP, Program("rabbit", "exporting_zipkin")], ids=str
)
def test_nobody_listens(program: Program) -> None:
    """Messages are handled, and the process ends well."""
    nowhere = {"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "http://127.0.0.1:1/api/v2/spans"}
    sent = environment(OTEL_EXPORTER_OTLP_TIMEOUT="1", **nowhere)
    assert run(program, sent).splitlines() == ["Packing tea"]


@programs("exporting_memory")
def test_memory(program: Program) -> None:
    """The exporter has the spans, and the program prints their names."""
    output = run(program, environment())
    assert output.splitlines() == program.shown()
    assert len(program.shown()) == 3


@programs("exporting_console")
def test_console(program: Program) -> None:
    """Each span is printed twice: as a JSON object, and in the tree."""
    rest = run(program, environment())
    decoder, spans, text = json.JSONDecoder(), [], ""
    while rest:
        if rest.startswith("{"):
            span, end = decoder.raw_decode(rest)
            spans.append(span)
            rest = rest[end:].lstrip("\n")
        else:
            line, _, rest = rest.partition("\n")
            text += f"{line}\n"
    publish, process = spans
    assert (publish["name"], process["name"]) == ("publish orders", "process orders")
    assert process["kind"] == "SpanKind.CONSUMER"
    assert process["parent_id"] == publish["context"]["span_id"]
    assert process["links"][0]["context"] == publish["context"]
    assert process["resource"]["attributes"]["service.name"] == "shop"
    assert program.shown()[0] in text.splitlines()
    assert f"trace {publish['context']['trace_id'].removeprefix('0x')}" in text
    assert re.search(r"^publish orders +PRODUCER +shop", text, re.MULTILINE)
    assert re.search(r"^└── process orders +CONSUMER +shop", text, re.MULTILINE)


# The port of the page may be taken, as by these tests in another checkout.
ANOTHER_PORT = """
import prometheus_client

_start, _servers = prometheus_client.start_http_server, []


def _start_elsewhere(port, address):
    assert (port, address) == (9464, "localhost")
    _servers.append(_start(0, address)[0])


prometheus_client.start_http_server = _start_elsewhere
"""
SCRAPE = """
from urllib.request import urlopen
[server] = _servers
print(urlopen(f"http://localhost:{server.server_port}/metrics").read().decode())
"""


@programs("exporting_prometheus")
def test_prometheus(program: Program) -> None:
    """The page of metrics that Prometheus fetches has the names that ours says."""
    output = run(program, environment(), first=ANOTHER_PORT, then=SCRAPE)
    lines = program.shown()
    assert output.splitlines()[: len(lines)] == lines
    for name in series():
        line = re.compile(rf"^{name}(_count)?{{.*}} 1\.0$", re.MULTILINE)
        assert line.search(output), name
    assert 'service_name="shop"' in output
    assert 'messaging_system="' in output


def series() -> list[str]:
    """The names that the page lists, as those of Prometheus."""
    names = re.findall(r"^`messaging[\w.]+`\n:   `(\w+)`$", page(), re.MULTILINE)
    assert len(names) == 4
    return names


def page(name: str = "exporting") -> str:
    """The text of a page of the guide."""
    return (ROOT / "docs" / f"{name}.md").read_text()


def names() -> list[str]:
    """The exporters of the page, by the names that `opentelemetry-instrument` knows."""
    _, _, text = page().partition("## Choose an exporter")
    text, _, _ = text.partition("\n## ")
    listed = re.findall(r"`(\w+)`(?: \(metrics\))? \|$", text, re.MULTILINE)
    assert len(listed) == 6
    return listed


def test_the_page_names_the_exporters() -> None:
    """Each has its name, and the scripts install those that are packages."""
    packages = {
        each.name: each.dist.name
        for kind in ("traces", "metrics")
        for each in entry_points(group=f"opentelemetry_{kind}_exporter")
        if each.dist
    }
    needed = {packages[name] for name in names()}
    assert {"opentelemetry-sdk", "faststream-otel"} < needed
    for broker in BROKERS:
        installed = {"opentelemetry-sdk", "faststream-otel"}
        for name in ("exporting", "exporting_others"):
            script = (PROGRAMS / broker / f"{name}.sh").read_text()
            installed.update(re.findall(r"opentelemetry-exporter-\S+", script))
        assert installed == needed


def test_every_program_is_on_the_page() -> None:
    """Each is shown, and how to run it."""
    text = page()
    for step in STEPS:
        assert f"includes/{step}.py.md" in text
    for step in ("exporting", "exporting_others", "exporting_zero_code"):
        assert f"includes/{step}.sh.md" in text
