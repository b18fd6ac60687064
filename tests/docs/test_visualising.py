"""What the page on visualising says of its commands and pictures."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

import pytest
import yaml
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, SpanKind, format_trace_id

from guide import backends
from guide.expected import EXPECTED
from guide.places import PROGRAMS, ROOT
from guide.screens import SCREENS, jaeger, no_jaeger, size, window, zipkin
from servers import containers
from servers.known import SERVERS
from servers.programs import Maven

if TYPE_CHECKING:
    from pathlib import Path

CHAIN = EXPECTED["chain"]
SERVICES = ["publisher", "first", "first", "second", "second", "third"]
PAGE = ROOT / "docs" / "visualising.md"
SHELL = PROGRAMS / "shell"


def test_screens_are_light() -> None:
    """Each is of the size that the page says, loads late, and says what it shows."""
    images = re.findall(
        r'!\[([^]]+)\]\(assets/screens/([^)]+)\){ width="(\d+)" height="(\d+)" '
        r'loading="lazy" }',
        PAGE.read_text(),
    )
    assert len(images) == PAGE.read_text().count("![")
    assert {name for _, name, _, _ in images} == {
        path.name for path in SCREENS.iterdir()
    }
    for words, name, *shown in images:
        picture = SCREENS / name
        assert [str(side) for side in size(picture)] == shown
        assert picture.stat().st_size <= 40 * 1024
        assert len(words) > 40


@pytest.fixture
def jaeger_page() -> None:
    """Skip a test where Jaeger has no page to look at."""
    if missing := no_jaeger():
        pytest.skip(missing)


def assert_is_the_chain(spans: list[tuple[str, str]]) -> None:
    """A page shows its services and names, from the first to the last."""
    names = [line.split()[0] for line in CHAIN.splitlines() if line.strip()]
    assert [service for service, _ in spans] == SERVICES
    assert [name.split()[0] for _, name in spans] == names


@pytest.mark.browser
@pytest.mark.broker("nats")
@pytest.mark.broker("zipkin")
def test_zipkin_shows_what_the_screen_has(tmp_path: Path) -> None:
    """A new picture has the same spans, in the same order."""
    picture = tmp_path / "zipkin.webp"
    words = zipkin(picture)
    assert size(picture) == size(SCREENS / "zipkin.webp")
    assert re.search(r"Services\s*4\s*Total Spans\s*6", words)
    assert_is_the_chain(re.findall(r"^(\w+): (\w+ \w+)$", words, re.MULTILINE)[1:])


@pytest.mark.browser
@pytest.mark.broker("nats")
@pytest.mark.broker("jaeger")
@pytest.mark.usefixtures("jaeger_page")
def test_jaeger_shows_what_the_screen_has(tmp_path: Path) -> None:
    """A new picture has the same spans, in the same order."""
    picture = tmp_path / "jaeger.webp"
    words = jaeger(picture)
    assert size(picture) == size(SCREENS / "jaeger.webp")
    assert re.search(r"Services\s*4\s*Depth\s*6\s*Total Spans\s*6", words)
    spans = r"^(\w+) ((?:publish|process) \w+)$"
    assert_is_the_chain(re.findall(spans, words, re.MULTILINE))


@pytest.mark.broker("jaeger")
def test_a_placeholder_is_no_picture(tmp_path: Path) -> None:
    """Where Jaeger has nothing to show, none is taken."""
    if not no_jaeger():
        pytest.skip("this Jaeger has its page")
    with pytest.raises(SystemExit, match="has a placeholder for its page"):
        jaeger(tmp_path / "jaeger.webp")
    assert not list(tmp_path.iterdir())


def sent_to_jaeger(service: str) -> tuple[str, str]:
    """Send two traces, the first with a link to the second; give their ids."""
    provider = TracerProvider(resource=Resource({"service.name": service}))
    endpoint = backends.TO_JAEGER["OTEL_EXPORTER_OTLP_ENDPOINT"]
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint)))
    tracer = provider.get_tracer("shop")
    with tracer.start_as_current_span("elsewhere") as span:
        other = span.get_span_context()
    with tracer.start_as_current_span("publish", kind=SpanKind.PRODUCER) as span:
        parent = span.get_span_context()
        links = [Link(parent), Link(other, {"offset": 7})]
        tracer.start_span("process", None, SpanKind.CONSUMER, None, links).end()
    provider.shutdown()
    return format_trace_id(parent.trace_id), format_trace_id(other.trace_id)


@pytest.mark.browser
@pytest.mark.broker("jaeger")
@pytest.mark.usefixtures("jaeger_page")
def test_what_jaeger_shows_of_a_span() -> None:
    """Its kind, and its links but that to its parent, as the page says."""
    service = f"shop-{os.urandom(4).hex()}"
    trace_id, other = sent_to_jaeger(service)
    backends.eventually(lambda: len(backends.from_jaeger(trace_id)) == 2)
    _, process = backends.from_jaeger(trace_id)
    assert [link.attributes for link in process.links] == [{}, {"offset": 7}]
    with window(1280) as page:
        page.goto(backends.JAEGER)
        page.get_by_role("combobox").first.fill(service)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Find Traces").click()
        page.get_by_role("link", name=f"{service}: publish").click()
        page.get_by_role("switch", name=f"{service} process").click()
        tags = page.get_by_role("switch", name="Tags").inner_text()
        assert "span.kind=consumer" in tags
        # The critical path is in the bar of the first span alone.
        bars = page.locator(".span-row").all()
        assert [bar.locator(".SpanBar--criticalPath").count() for bar in bars] == [1, 0]
        page.get_by_role("switch", name="References (1)").click()
        link = page.get_by_role("link", name="< span in another trace >")
        assert "offset" not in page.inner_text("body")
        with page.context.expect_page() as opened:
            link.click()
        opened.value.get_by_text(f"{service}: elsewhere").wait_for()
        assert f"/trace/{other}" in opened.value.url


@pytest.mark.parametrize("name", ["jaeger", "zipkin", "tempo"])
def test_containers_listen_on_this_machine_alone(name: str) -> None:
    """On the ports that the page names, and in an image of a fixed version."""
    command = shlex.split((SHELL / f"{name}.sh").read_text().replace("\\\n", ""))
    assert command[:3] == ["docker", "run", "--rm"]
    published = [word.split(":") for word in command if word.startswith("127.0.0.1:")]
    assert command.count("--publish") == len(published) > 0
    for _, outside, inside in published:
        assert outside == inside
        assert outside in PAGE.read_text()
    assert re.search(r":\d[\d.]*$", command[-1])


def test_jaeger_is_the_one_that_is_tested() -> None:
    """In a container, where it has its page."""
    services = yaml.safe_load(containers.FILE.read_text())["services"]
    tested = services["jaeger"]["image"]
    assert (SHELL / "jaeger.sh").read_text().endswith(f"/{tested}\n")


def test_the_jar_is_the_one_that_is_tested() -> None:
    """Of the version that `scripts/brokers` starts."""
    program = SERVERS["zipkin"].program
    assert isinstance(program, Maven)
    group, name, version, _ = program.artifacts[0].split(":")
    jar = f"{name}-{version}-exec.jar"
    get, start = (SHELL / "zipkin_jar.sh").read_text().splitlines()
    assert f"-Dartifact={group}:{name}:{version}:jar:exec " in get
    assert start == f"java -jar {jar}"
