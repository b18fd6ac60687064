"""The doctor, and a real Collector: it sees one span, and no other of the doctor's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import (
    OTLPLogExporter as LogsByGrpc,
)
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import (
    OTLPMetricExporter as MetricsByGrpc,
)
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as ByGrpc,
)
from opentelemetry.exporter.otlp.proto.http._log_exporter import (
    OTLPLogExporter as LogsByHttp,
)
from opentelemetry.exporter.otlp.proto.http.metric_exporter import (
    OTLPMetricExporter as MetricsByHttp,
)
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as ByHttp,
)
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from faststream_otel.doctor import _probe
from guide import backends
from guide.backends import eventually
from tests.examined import (
    codes,
    found,
    logging_by,
    metering,
    service,
    tracing,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.broker("collector")
NAME = "faststream-otel doctor"


@pytest.fixture(autouse=True)
def no_variables() -> Iterator[None]:
    """Nothing of the machine's has a say."""
    with variables(NO_PROXY="localhost"):
        yield


def outcome(exporter: Any) -> str:
    """Give the codes of what is found about an exporter of spans."""
    with tracing(BatchSpanProcessor(exporter)) as provider:
        return ", ".join(codes(_probe, service(provider)))


@pytest.mark.parametrize(
    ("spans", "metrics", "logs"),
    [(ByGrpc, MetricsByGrpc, LogsByGrpc), (ByHttp, MetricsByHttp, LogsByHttp)],
)
def test_it_arrives(spans: Any, metrics: Any, logs: Any) -> None:
    """By either way of OTLP, and metrics and logs leave nothing behind."""
    before = {span.trace_id for span in backends.collected()}
    counted = [len(backends.requests(kind)) for kind in ("Metrics", "Logs")]
    with (
        tracing(BatchSpanProcessor(spans())) as tracers,
        metering(PeriodicExportingMetricReader(metrics())) as meters,
        logging_by(BatchLogRecordProcessor(logs())) as loggers,
    ):
        assert not found(_probe, service(tracers, meters, loggers))
    (span,) = eventually(
        lambda: [s for s in backends.collected() if s.trace_id not in before]
    )
    assert (span.name, span.attributes["faststream.doctor"]) == (NAME, True)
    assert [len(backends.requests(kind)) for kind in ("Metrics", "Logs")] == counted


@pytest.mark.parametrize(
    ("exporter", "code"),
    [
        (lambda: ByGrpc("http://localhost:4318"), "FSO317"),
        (lambda: ByHttp("http://localhost:4317/v1/traces"), "FSO316"),
        (lambda: ByGrpc("localhost:4317"), "FSO318"),
        (lambda: ByGrpc("https://localhost:4318"), "FSO318"),
        (lambda: ByHttp("https://localhost:4318/v1/traces"), "FSO318"),
        (lambda: ByHttp("https://localhost:4317/v1/traces"), "FSO318"),
        (lambda: ByHttp("http://localhost:4318"), "FSO332"),
        (lambda: ByHttp("http://localhost:4318/v1/trace"), "FSO332"),
    ],
)
def test_wrong_addresses(exporter: Any, code: str) -> None:
    """As the Collector answers them, which is not as the tests' own servers do."""
    assert outcome(exporter()) == code
