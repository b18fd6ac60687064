"""From a provider to its exporters, whatever is in between.

These fail if the SDK keeps its parts in another way than `_pipeline` can follow.
"""

from __future__ import annotations

import io
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as ByGrpc,
)
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as ByHttp,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    ConsoleLogRecordExporter,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    InMemoryMetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
    SpanExporter,
)

from faststream_otel.doctor._address import address_of
from faststream_otel.doctor._pipeline import innermost, resource_of, routes
from tests.services import process


class Wrapper(SpanExporter):
    """An exporter that passes on to another."""

    __slots__ = ("behind",)

    def __init__(self, behind: SpanExporter) -> None:
        self.behind = behind

    def export(self, spans: Any) -> Any:
        return self.behind.export(spans)

    def shutdown(self) -> None:
        self.behind.shutdown()


class Around(SpanProcessor):
    """A processor that passes on to others."""

    def __init__(self, *others: SpanProcessor) -> None:
        self.others = list(others)


class Vendors(trace.TracerProvider):
    """A provider that has the SDK's inside."""

    def __init__(self, behind: trace.TracerProvider) -> None:
        self.behind = behind

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
        return self.behind.get_tracer(*args, **kwargs)


def test_spans() -> None:
    """Each exporter, with the processor that calls it, in order."""
    provider = TracerProvider(shutdown_on_exit=False)
    batch, simple = ByHttp(), ConsoleSpanExporter(out=io.StringIO())
    processors = (BatchSpanProcessor(batch), SimpleSpanProcessor(simple))
    for each in processors:
        provider.add_span_processor(each)
    found = routes("traces", provider)
    assert [(each.by, each.exporter) for each in found] == [
        (processors[0], batch),
        (processors[1], simple),
    ]
    assert [each.inner for each in found] == [batch, simple]
    provider.shutdown()


def test_metrics() -> None:
    """Readers with an exporter, and those without; also when they have been used."""
    exporter = OTLPMetricExporter(endpoint="http://127.0.0.1:1/v1/metrics", timeout=0)
    readers = (PeriodicExportingMetricReader(exporter), InMemoryMetricReader())
    provider = MeterProvider(readers, shutdown_on_exit=False)
    provider.get_meter("shop").create_counter("orders").add(1)
    found = routes("metrics", provider)
    assert [(each.by, each.exporter) for each in found] == [
        (readers[0], exporter),
        (readers[1], None),
    ]
    provider.shutdown()


def test_logs() -> None:
    """Likewise."""
    provider = LoggerProvider(shutdown_on_exit=False)
    first, second = (ConsoleLogRecordExporter(out=io.StringIO()) for _ in range(2))
    provider.add_log_record_processor(BatchLogRecordProcessor(first))
    provider.add_log_record_processor(SimpleLogRecordProcessor(second))
    assert [each.exporter for each in routes("logs", provider)] == [first, second]
    provider.shutdown()


def test_nothing() -> None:
    """A provider that nobody gave anything, and a processor that exports itself."""
    provider = TracerProvider(shutdown_on_exit=False)
    assert routes("traces", provider) == []
    provider.add_span_processor(SpanProcessor())
    (found,) = routes("traces", provider)
    assert found.exporter is None


def test_what_is_wrapped() -> None:
    """Providers, processors and exporters, also in slots and lists."""
    real = ByGrpc(endpoint="http://127.0.0.1:1")
    outer = Wrapper(Wrapper(real))
    processor = SimpleSpanProcessor(outer)
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(Around(Around(processor)))
    (found,) = routes("traces", Vendors(Vendors(provider)))
    assert (found.by, found.exporter, found.inner) == (processor, outer, real)
    resource = resource_of(Vendors(provider))
    assert resource.attributes["service.name"] == "shop"
    provider.shutdown()


def test_what_is_in_itself() -> None:
    """A circle has an end."""
    first, second = Wrapper(ByHttp()), Wrapper(ByHttp())
    first.behind, second.behind = second, first
    assert innermost(first) in (first, second)
    processor = Around()
    processor.others.append(processor)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    assert all(each.exporter is None for each in routes("traces", provider))


def test_logfire() -> None:
    """A vendor's own wrappers."""
    logfire = pytest.importorskip("logfire", reason="logfire needs Python 3.11 here")
    exporter = ByHttp()
    # It sets the global propagator, even where it is to be local.
    with process():
        configured = logfire.configure(
            local=True,
            send_to_logfire=False,
            console=False,
            additional_span_processors=[BatchSpanProcessor(exporter)],
        )
        provider = configured.config.get_tracer_provider()
        assert exporter in [each.inner for each in routes("traces", provider)]
        assert resource_of(provider).attributes["service.name"]
        provider.shutdown()


@pytest.mark.parametrize(
    ("made", "address", "tls"),
    [
        (ByHttp, "http://localhost:4318/v1/traces", False),
        (lambda: ByHttp("https://u:p@x/y?z=1"), "https://x:443/y?***", True),
        (lambda: ByHttp("http://[::1]:1/y"), "http://[::1]:1/y", False),
        (lambda: ByHttp("collector:1/y"), "no http:// or https://", False),
        (ByGrpc, "http://localhost:4317", False),
        (lambda: ByGrpc("http://x/ignored"), "http://x:443", False),
        (lambda: ByGrpc("https://u:p@x:1"), "https://x:1", True),
        (lambda: ByGrpc("x:1"), "https://x:1", True),
        (lambda: ByGrpc("x:1", insecure=True), "http://x:1", False),
        (lambda: ByGrpc("unix:///tmp/x"), None, False),
    ],
)
def test_addresses(made: Any, address: str | None, tls: bool) -> None:
    """As the exporter has resolved them, without anything secret."""
    exporter = made()
    found = address_of(exporter, "traces", {})
    exporter.shutdown()
    if address is None:
        assert found is None
    else:
        assert found is not None
        assert address in str(found)
        assert found.tls is tls


def test_headers() -> None:
    """All that go with a request, by name, and never shown."""
    given = {"Authorization": "s3cr3t", "x-key": "s3cr3t"}
    for exporter in (ByHttp(headers=given), ByGrpc(headers=dict(given))):
        address = address_of(exporter, "traces", {})
        exporter.shutdown()
        assert address is not None
        assert {"authorization", "x-key"} <= set(address.headers)
        assert "s3cr3t" not in repr(address)
        assert "s3cr3t" not in str(address)
