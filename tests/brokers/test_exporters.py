"""The exporters of the guide, each with the server that its readers use."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import pytest
from opentelemetry.exporter.zipkin.json import ZipkinExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, Status, StatusCode, format_trace_id

from faststream_otel.testing import RecordedSpan, Trace, assert_trace
from tests.brokers import backends
from tests.brokers.backends import eventually, free_port, get
from tests.brokers.commands import of_file, readers_environment
from tests.brokers.process import Process
from tests.brokers.receiver import Inbox, over_grpc
from tests.docs.expected import EXPECTED
from tests.docs.exporting import EXPORTERS, GRPC
from tests.docs.programs import PROGRAMS
from tests.docs.test_exporting import ONE_MESSAGE, series
from tests.docs.test_programs import assert_links_its_message
from tests.docs.test_visualising import CHAIN, SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.docs.programs import Program

pytestmark = pytest.mark.broker("nats")
(ON_NATS,) = (program for program in GRPC if program.broker == "nats")
IN_NATS = PROGRAMS / "nats"


def environment(**more: str) -> dict[str, str]:
    """The environment in which a program sends its spans at its end."""
    return readers_environment(**{"OTEL_BSP_SCHEDULE_DELAY": "60000", **more})


def play(program: Program, **more: str) -> None:
    """Start a program as its page says, and stop it as Ctrl+C does."""
    command = f"exec faststream run {program.step}:app"
    with Process(command, IN_NATS, environment(**more)) as app:
        app.wait_for("Processed")
        app.send(signal.SIGINT)
        assert app.end(terminate=False) == 0, app.output


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_last_spans_are_sent(number: int, workers: int) -> None:
    """On Ctrl+C and on SIGTERM, also by workers."""
    inbox = Inbox()
    command = of_file(ON_NATS.path.with_suffix(".sh")) + f" --workers {workers}"
    with over_grpc(inbox) as endpoint:
        env = environment(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
        with Process(command, IN_NATS, env) as app:
            app.wait_for("Processed")
            assert not inbox.wait(1, within=0)
            app.send(number)
            assert app.end(terminate=False) == 0, app.output
        names = [each.span.name for each in inbox.wait(1, within=0)]
    # A worker that was still starting need not have published.
    assert {"publish orders", "process orders"} == set(names)


def test_a_process_that_is_killed_sends_nothing() -> None:
    """What was in the queue is lost."""
    inbox = Inbox()
    with over_grpc(inbox) as endpoint:
        env = environment(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
        command = of_file(ON_NATS.path.with_suffix(".sh"))
        with Process(command, IN_NATS, env) as app:
            app.wait_for("Processed")
            app.send(signal.SIGKILL)
            app.end(terminate=False)
        assert not inbox.wait(1, within=0)


@pytest.mark.broker("collector")
@pytest.mark.parametrize("program", [ON_NATS, EXPORTERS["http"]], ids=str)
def test_collector(program: Program) -> None:
    """The Collector has the whole trace, by either way of OTLP."""
    before = {span.trace_id for span in backends.collected()}
    play(program)

    def new() -> list[RecordedSpan]:
        spans = backends.collected()
        return [span for span in spans if span.trace_id not in before]

    recorded = Trace(tuple(eventually(new)))
    assert {span.service for span in recorded.spans} == {"shop"}
    assert_trace(recorded, ONE_MESSAGE)
    assert_links_its_message(recorded, recorded.spans[-1])


@pytest.mark.broker("collector")
def test_without_code() -> None:
    """`opentelemetry-instrument` sends spans and metrics to the same endpoint."""
    before = {span.trace_id for span in backends.collected()}
    counted = len(backends.requests("Metrics"))
    command = of_file(IN_NATS / "exporting_zero_code.sh")
    env = environment()
    for name in ("OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"):
        del env[name]
    with Process(command, IN_NATS, env) as app:
        app.wait_for("Invoice for a book")
        app.send(signal.SIGINT)
        assert app.end(terminate=False) == 0, app.output

    spans = eventually(
        lambda: [s for s in backends.collected() if s.trace_id not in before]
    )
    assert {(span.service, span.name) for span in spans} == {
        ("shop", f"{operation} {destination}")
        for operation in ("publish", "process")
        for destination in ("orders", "invoices")
    }
    metrics = eventually(lambda: backends.requests("Metrics")[counted:])
    assert '"messaging.process.duration"' in json.dumps(metrics)


@pytest.fixture
def zipkin() -> str:
    """The address of Zipkin's API."""
    return "http://127.0.0.1:9411/api/v2"


def from_zipkin(zipkin: str, service: str, than: set[int]) -> Trace:
    """Read the one trace of a service that is not known yet."""

    def new() -> list[Trace]:
        traces = get(f"{zipkin}/traces?serviceName={service}&limit=100") or []
        found = [Trace(tuple(map(backends.of_zipkin, trace))) for trace in traces]
        return [trace for trace in found if trace.spans[0].trace_id not in than]

    (trace,) = eventually(new)
    return Trace(tuple(sorted(trace.spans, key=lambda span: span.start)))


def known(zipkin: str, service: str) -> set[int]:
    """The traces of a service that Zipkin has."""
    traces = get(f"{zipkin}/traces?serviceName={service}&limit=100") or []
    return {int(trace[0]["traceId"], 16) for trace in traces}


@pytest.mark.broker("zipkin")
def test_zipkin(zipkin: str) -> None:
    """Zipkin has names, kinds and parents, and no link."""
    before = known(zipkin, "shop")
    play(EXPORTERS["zipkin"])
    recorded = from_zipkin(zipkin, "shop", before)
    assert_trace(recorded, ONE_MESSAGE)
    assert recorded.spans[-1].attributes["messaging.system"] == "nats"


@pytest.mark.broker("zipkin")
def test_zipkin_without_code(zipkin: str) -> None:
    """The command of the page on visualising sends all that the app records."""
    before = known(zipkin, "shop")
    command = of_file(IN_NATS / "visualising_zipkin.sh").replace(",otlp", "")
    with Process(command, IN_NATS, environment()) as app:
        app.wait_for("Invoice for a book")
        app.send(signal.SIGINT)
        assert app.end(terminate=False) == 0, app.output
    assert_trace(from_zipkin(zipkin, "shop", before), EXPECTED["zero_code"])


@pytest.mark.broker("zipkin")
def test_what_zipkin_keeps(zipkin: str) -> None:
    """As the table of the page says."""
    provider = TracerProvider(resource=Resource({"service.name": "Kept", "app": "x"}))
    provider.add_span_processor(SimpleSpanProcessor(ZipkinExporter()))
    tracer = provider.get_tracer("scope", "1.2", "https://example.org/schema")
    with tracer.start_as_current_span("Above") as above:
        pass
    with tracer.start_as_current_span(
        "Name", links=[Link(above.get_span_context())]
    ) as span:
        span.set_attributes({"port": 4222, "yes": True, "list": ["a", "b"]})
        span.add_event("happened", {"where": "here"})
        span.set_status(Status(StatusCode.ERROR, "went wrong"))
    provider.shutdown()

    trace_id = format_trace_id(span.get_span_context().trace_id)
    (kept,) = eventually(lambda: get(f"{zipkin}/trace/{trace_id}"))
    assert set(kept) <= {
        *("traceId", "id", "name", "timestamp", "duration", "localEndpoint"),
        *("tags", "annotations", "debug"),
    }
    assert kept["name"] == "name"
    assert kept["localEndpoint"] == {"serviceName": "kept"}
    tags = kept["tags"]
    assert {name: tags[name] for name in ("port", "yes", "list", "app")} == {
        "port": "4222",
        "yes": "true",
        "list": '["a","b"]',
        "app": "x",
    }
    assert (tags["otel.scope.name"], tags["otel.scope.version"]) == ("scope", "1.2")
    assert (tags["otel.status_code"], tags["error"]) == ("ERROR", "went wrong")
    (annotation,) = kept["annotations"]
    assert json.loads(annotation["value"]) == {"happened": {"where": "here"}}
    # The link and the schema are nowhere.
    other = above.get_span_context()
    assert format_trace_id(other.trace_id) not in json.dumps(kept)
    assert "example.org" not in json.dumps(kept)


@pytest.fixture
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus of our own, with the page's configuration."""
    port = free_port()
    config = PROGRAMS / "config" / "prometheus.yaml"
    data = tmp_path_factory.mktemp("prometheus")
    command = (
        f"exec prometheus --config.file={config} --storage.tsdb.path={data} "
        f"--web.listen-address=127.0.0.1:{port}"
    )
    with Process(command, data, environment()) as server:
        server.wait_for("Server is ready to receive web requests")
        yield f"http://127.0.0.1:{port}/api/v1"


@pytest.mark.broker("prometheus")
def test_prometheus(prometheus: str) -> None:
    """It fetches the counts of the program, by the names that the page has."""
    command = f"exec faststream run {EXPORTERS['prometheus'].step}:app"
    with Process(command, IN_NATS, environment()) as app:
        app.wait_for("Processed")
        for name in series():
            metric = name if name.endswith("_total") else f"{name}_count"

            def answer(metric: str = metric) -> list[dict[str, list[str]]]:
                query = get(f"{prometheus}/query?query={metric}")
                found: list[dict[str, list[str]]] = query["data"]["result"]
                return found

            (only,) = eventually(answer)
            assert only["value"][1] == "1", metric


@pytest.mark.broker("zipkin")
def test_chain_in_zipkin(zipkin: str) -> None:
    """Four services, each sending to Zipkin what it records: one trace."""
    before = known(zipkin, "third")
    backends.run_chain("zipkin_json", environment(OTEL_BSP_SCHEDULE_DELAY="50"))
    recorded = from_zipkin(zipkin, "third", before)
    assert_trace(recorded, CHAIN)
    assert [span.service for span in recorded.spans] == SERVICES
    # As the page says: no service is drawn as the next one's caller.
    now = f"endTs={time.time_ns() // 10**6}&lookback=86400000"
    assert get(f"{zipkin}/dependencies?{now}") == []


@pytest.mark.broker("jaeger")
def test_chain_in_jaeger() -> None:
    """Jaeger has names, kinds, parents and links of the trace."""
    api = "http://127.0.0.1:16686/api"
    before = {t["traceID"] for t in get(f"{api}/traces?service=third")["data"]}
    sent = environment(
        OTEL_BSP_SCHEDULE_DELAY="50",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:14317",
    )
    backends.run_chain("otlp", sent)

    def new() -> set[str]:
        return {
            each["traceID"]
            for each in get(f"{api}/traces?service=third")["data"]
            if len(each["spans"]) == len(SERVICES)
        } - before

    (trace_id,) = eventually(new)
    request = get(f"{api}/v3/traces/{trace_id}")["result"]
    spans = sorted(backends.of_otlp(request), key=lambda span: span.start)
    recorded = Trace(tuple(spans))
    assert_trace(recorded, CHAIN)
    assert [span.service for span in recorded.spans] == SERVICES
    for span in recorded.spans[1::2]:
        assert_links_its_message(recorded, span)
        assert span.links
