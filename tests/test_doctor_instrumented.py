"""What the doctor says where instrumentors are at work."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from opentelemetry.instrumentation.redis import RedisInstrumentor

from faststream_otel.doctor import diagnose
from faststream_otel.instrumentor import FastStreamInstrumentor
from tests.kinds import KINDS
from tests.services import NATS, process, recording
from tests.test_doctor_brokers import mended
from tests.test_doctor_command import started
from tests.test_doctor_context import fact
from tests.test_doctor_loading import SERVICE

if TYPE_CHECKING:
    from pathlib import Path


def test_instrumented_client() -> None:
    """It is a note: it may be there on purpose."""
    redis = next(kind for kind in KINDS if kind.name == "redis-stream")
    with process():
        application = mended(redis)
        RedisInstrumentor().instrument()
        try:
            report = diagnose(application, offline=True)
        finally:
            RedisInstrumentor().uninstrument()
        assert report.codes == ["FSO010"]
        assert report.is_well
        assert diagnose(application, offline=True).codes == []


def test_options_of_the_instrumentor() -> None:
    """It got them from a file, or in code."""
    for environment, source in (
        ({}, "instrument()"),
        ({"OTEL_CONFIG_FILE": "otel.yaml"}, "OTEL_CONFIG_FILE"),
    ):
        with process(**environment):
            recording()
            broker = NATS.broker(logger=None)
            instrumentor = FastStreamInstrumentor()
            instrumentor.instrument_broker(broker, exclude=["health"])
            report = diagnose(broker, offline=True)
            instrumentor.uninstrument_broker(broker)
        name = "Options of NatsTelemetryMiddleware"
        assert fact(report, name) == f"exclude=['health'] ({source})"


def test_instrumented(tmp_path: Path) -> None:
    """The console exporters print at their end, and not into the report."""
    (tmp_path / "app.py").write_text(SERVICE)
    done = started(
        tmp_path,
        *("opentelemetry-instrument", "faststream-otel", "doctor", "app:app"),
        *("--offline", "--json"),
        OTEL_TRACES_EXPORTER="console",
        OTEL_METRICS_EXPORTER="console",
        OTEL_LOGS_EXPORTER="none",
    )
    assert done.returncode == 1, done.stderr
    data = json.loads(done.stdout)
    assert [each["code"] for each in data["findings"]] == ["FSO121"]
    assert any("NatsTelemetryMiddleware" in each["text"] for each in data["facts"])
