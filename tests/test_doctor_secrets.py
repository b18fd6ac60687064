"""Nothing that may be secret is in a report, whoever wrote it where."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from faststream import FastStream
from faststream.nats import NatsBroker
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as ByGrpc,
)
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as ByHttp,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

from faststream_otel.doctor import _screen, diagnose
from faststream_otel.doctor._quiet import quiet
from faststream_otel.nats import NatsTelemetryMiddleware
from servers.answering import HOST, nobody, over_grpc, over_http
from tests.examined import variables

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from faststream_otel.doctor import Report
    from servers.answering import Server

# Each is another, so that the one that was shown is known.
ENVIRONMENT = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://canary1:canary2@{where}/?token=canary3",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "authorization=Bearer%20canary4,x-key=canary5",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization: canary6",
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS": '"x-key=canary7"',
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "canary8:canary9@collector:4317",
    "OTEL_EXPORTER_OTLP_HEADER": "x-key=canary10",
    "OTEL_RESOURCE_ATTRIBUTES": "service.name=shop,db.password=canary11",
    "OTEL_PYTHON_FASTSTREAM_EXCLUDED_DESTINATIONS": "health.*",
    "NO_PROXY": HOST,
}


def reported(where: str, url: str) -> Report:
    """Examine a service with something secret in all places that have some."""
    values = {name: value.format(where=where) for name, value in ENVIRONMENT.items()}
    values["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = url
    with variables(**values):
        provider = TracerProvider(
            resource=Resource.create({"cloud.token": "canary12"}),
            shutdown_on_exit=False,
        )
        given = {"x-token": "canary13"}
        provider.add_span_processor(BatchSpanProcessor(ByHttp(headers=given)))
        provider.add_span_processor(BatchSpanProcessor(ByGrpc(headers=given)))
        provider.add_span_processor(SimpleSpanProcessor(ByHttp(url)))
        middleware = NatsTelemetryMiddleware(tracer_provider=provider)
        broker = NatsBroker(
            f"nats://canary14:canary15@{HOST}:4222", middlewares=[middleware]
        )
        try:
            return diagnose(FastStream(broker), server="uvicorn", timeout=0.5)
        finally:
            provider.shutdown()


def test_headers_that_the_sdk_cannot_read(caplog: pytest.LogCaptureFixture) -> None:
    """It would log them, and does once the doctor is done."""
    with variables(OTEL_EXPORTER_OTLP_HEADERS="authorization: canary17"):
        with quiet():
            ByHttp()
        assert "Header format invalid" in caplog.text
        assert "canary17" not in caplog.text
        ByHttp()
    assert "canary17" in caplog.text


@pytest.mark.parametrize("answer", ["nobody", "401", "503", "gRPC"])
def test_canaries(
    answer: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """In the report, as text and as data, and in what is printed meanwhile."""
    servers: dict[str, Callable[[], AbstractContextManager[Server]]] = {
        "nobody": nobody,
        "401": lambda: over_http(401, body=b"canary16"),
        "503": lambda: over_http(503, body=b"canary16"),
        "gRPC": over_grpc,
    }
    with servers[answer]() as running:
        where = f"{HOST}:{running.port}"
        url = f"http://canary1:canary2@{where}/v1/traces?token=canary3"
        report = reported(where, url)
    assert len(report.findings) > 3
    screen = io.StringIO()
    _screen.show(report, screen)
    outputs = {
        "text": screen.getvalue(),
        "data": json.dumps(report.as_dict()),
        "repr": repr(report),
        "printed": "".join(capfd.readouterr()),
        "logged": caplog.text,
    }
    for name, output in outputs.items():
        assert "canary" not in output, name
    assert "x-token" in outputs["text"]
