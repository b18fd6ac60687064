"""The backends of the guide have what its programs send, as their page says."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest
from google.protobuf import json_format
from opentelemetry.exporter.zipkin.json import ZipkinExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, Status, StatusCode, format_trace_id

from faststream_otel.testing import Trace, assert_trace
from guide import backends
from guide.backends import eventually, get
from guide.expected import EXPECTED
from guide.programs import Program
from tests.brokers.receiver import received, trace_of
from tests.brokers.sending import EVERYWHERE, environment, play, script, started, stop
from tests.docs.test_exporting import ONE_MESSAGE
from tests.docs.test_programs import assert_links_its_message
from tests.docs.test_visualising import CHAIN, SERVICES


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
@pytest.mark.parametrize("broker", EVERYWHERE)
def test_zipkin(zipkin: str, broker: str) -> None:
    """Zipkin has names, kinds and parents, and no link."""
    before = known(zipkin, "shop")
    play(Program(broker, "exporting_zipkin"))
    recorded = from_zipkin(zipkin, "shop", before)
    assert_trace(recorded, ONE_MESSAGE)
    system = {"confluent": "kafka", "rabbit": "rabbitmq"}.get(broker, broker)
    assert recorded.spans[-1].attributes["messaging.system"] == system


@pytest.mark.broker("zipkin")
@pytest.mark.parametrize("broker", EVERYWHERE)
def test_zipkin_without_code(zipkin: str, broker: str) -> None:
    """The command of the page on visualising sends all that the app records."""
    before = known(zipkin, "shop")
    command = script(broker, "visualising_zipkin").replace(",otlp", "")
    with started(Program(broker, "zero_code"), command, environment()) as app:
        app.wait_for("Invoice for a book")
        stop(app)
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


@pytest.mark.broker("nats")
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


@pytest.mark.broker("nats")
@pytest.mark.broker("jaeger")
def test_chain_in_jaeger() -> None:
    """Jaeger has names, kinds, parents and links of the trace."""
    sent = environment(OTEL_BSP_SCHEDULE_DELAY="50", **backends.TO_JAEGER)
    trace_id = backends.new_chain("otlp", backends.in_jaeger, sent)
    assert_is_chain(Trace(tuple(backends.from_jaeger(trace_id))))
    # As the page says: the next service is drawn as the one that is sent to.
    now = f"endTs={time.time_ns() // 10**6}&lookback=86400000"
    drawn = get(f"{backends.JAEGER}/api/dependencies?{now}")["data"]
    assert set(pairwise(dict.fromkeys(SERVICES))) <= {
        (each["parent"], each["child"]) for each in drawn
    }


@pytest.mark.broker("nats")
@pytest.mark.broker("tempo")
def test_chain_in_tempo() -> None:
    """So has Tempo."""
    api = "http://127.0.0.1:3200/api"
    query = quote('{ resource.service.name = "third" }')

    def known() -> set[str]:
        traces = get(f"{api}/search?q={query}&limit=1000")["traces"]
        return {each["traceID"] for each in traces if count(each) == len(SERVICES)}

    def count(trace: Any) -> int:
        return sum(each["spanCount"] for each in trace["serviceStats"].values())

    sent = environment(
        OTEL_BSP_SCHEDULE_DELAY="50",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:24317",
    )
    # A search of Tempo's finds what it got half a minute ago.
    trace_id = backends.new_chain("otlp", known, sent, patience=90)
    kept = get(f"{api}/v2/traces/{trace_id}")["trace"]
    request = json_format.ParseDict(kept, ExportTraceServiceRequest())
    assert_is_chain(trace_of(received(request)))


def assert_is_chain(recorded: Trace) -> None:
    """All that was recorded has come back."""
    assert_trace(recorded, CHAIN)
    assert [span.service for span in recorded.spans] == SERVICES
    for span in recorded.spans[1::2]:
        assert_links_its_message(recorded, span)
        assert span.links
