"""What the page about production says of processes, queues and strangers."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import subprocess
from threading import Event, Timer
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from faststream.nats import NatsBroker
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import SpanRecorder, in_memory
from guide.places import BROKERS, PROGRAMS
from guide.programs import Program
from tests.brokers.receiver import Inbox, over_grpc
from tests.docs.production import CONFIGS

if TYPE_CHECKING:
    from collections.abc import Sequence

WITHIN = 30.0  # seconds, at the most


def test_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK reads from the manifest who it is; and a name is set before its use."""
    manifest = yaml.safe_load((CONFIGS / "kubernetes.yaml").read_text())
    pod = manifest["spec"]["template"]
    assert manifest["spec"]["selector"]["matchLabels"].items() <= (
        pod["metadata"]["labels"].items()
    )
    (container,) = pod["spec"]["containers"]
    values: dict[str, str] = {}
    for each in container["env"]:
        if "value" in each:
            # Kubernetes leaves a name that is not set before as it is.
            value = re.sub(
                r"\$\((\w+)\)", lambda found: values[found[1]], each["value"]
            )
        else:
            value = each["valueFrom"]["fieldRef"]["fieldPath"]
        values[each["name"]] = value
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    attributes = Resource.create().attributes
    expected = {
        "service.name": "shop",
        "service.version": "1.4.2",
        "k8s.namespace.name": "metadata.namespace",
        "k8s.pod.name": "metadata.name",
        "k8s.pod.uid": "metadata.uid",
        "k8s.node.name": "spec.nodeName",
    }
    assert expected.items() <= attributes.items()
    exporter = OTLPSpanExporter()
    assert (exporter._endpoint, exporter._timeout) == ("status.hostIP:4317", 5)
    assert container["command"][:3] == ["opentelemetry-instrument", "faststream", "run"]


@pytest.mark.parametrize("broker", BROKERS)
def test_a_stranger_is_linked(broker: str) -> None:
    """His trace does not go on in ours, and of his baggage one key is believed."""
    recorded = Program(broker, "untrusted").record()
    publish, process = recorded.spans
    assert publish.trace_id != process.trace_id
    assert publish.links == process.links
    (link,) = process.links
    assert process.parent_id is None
    assert process.trace_id != link.trace_id


@pytest.mark.parametrize("root", [ALWAYS_ON, ALWAYS_OFF])
@pytest.mark.parametrize("flags", ["00", "01"])
@pytest.mark.parametrize("incoming", ["continue", "link"])
def test_who_decides_what_is_recorded(root: Sampler, flags: str, incoming: Any) -> None:
    """With `continue` the sender does, with `link` we do."""
    recorder = SpanRecorder()
    provider = TracerProvider(ParentBased(root), shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    telemetry = NatsTelemetryMiddleware(tracer_provider=provider, incoming=incoming)
    outside, broker = NatsBroker(), NatsBroker(middlewares=[telemetry])

    @broker.subscriber("orders")
    async def handle(order: str) -> None: ...

    async def main() -> None:
        async with in_memory(outside, broker) as deliveries:
            headers = {"traceparent": f"00-{1:032x}-{2:016x}-{flags}"}
            await outside.publish("tea", "orders", headers=headers)
            await deliveries.settled()

    asyncio.run(main())
    decides = flags == "01" if incoming == "continue" else root is ALWAYS_ON
    assert bool(recorder.trace().spans) is decides


class Stuck(SpanExporter):
    """An exporter that waits for the Collector."""

    def __init__(self) -> None:
        self.called, self.goes_on = Event(), Event()
        self.exported: list[str] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.called.set()
        self.goes_on.wait(WITHIN)
        self.exported += [span.name for span in spans]
        return SpanExportResult.SUCCESS


def test_a_full_queue_drops_the_oldest() -> None:
    """And nobody waits."""
    exporter = Stuck()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter, max_queue_size=3, max_export_batch_size=1, schedule_delay_millis=1
        )
    )
    tracer = provider.get_tracer("test")
    tracer.start_span("0").end()
    assert exporter.called.wait(WITHIN)
    for number in range(1, 7):
        tracer.start_span(str(number)).end()
    exporter.goes_on.set()
    provider.shutdown()
    assert exporter.exported == ["0", "4", "5", "6"]


@pytest.mark.broker("nats")
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_workers_have_providers_and_send_all_when_they_stop(
    sign: signal.Signals,
) -> None:
    """Each is a process of its own, which exports what it still has."""
    inbox = Inbox()
    script = (PROGRAMS / "shell" / "workers.sh").read_text()
    command = shlex.split(script.replace("\\\n", ""))
    with over_grpc(inbox) as endpoint:
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "PYTHONUNBUFFERED": "1",
            # Nothing is sent before they stop.
            "OTEL_BSP_SCHEDULE_DELAY": "3600000",
        }
        with subprocess.Popen(
            command,
            cwd=PROGRAMS / "nats",
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdout is not None
            watchdog = Timer(WITHIN, process.kill)
            watchdog.start()
            try:
                # Either worker sends an order when it starts, and prints its invoice:
                # into one pipe, so that a line may have parts of both.
                handled = 0
                for line in process.stdout:
                    handled += line.count("Invoice for a book")
                    if handled >= 2:
                        break
                before = inbox.wait(1, 0)
            finally:
                process.send_signal(sign)
                process.wait(WITHIN)
                watchdog.cancel()
        assert handled >= 2
        assert before == []
        received = inbox.wait(8, 0)
    instances = {
        attribute.value.string_value
        for each in received
        for attribute in each.resource.attributes
        if attribute.key == "service.instance.id"
    }
    assert len(instances) == 2
    assert {each.service for each in received} == {"shop"}
    processed = [each for each in received if each.span.name == "process invoices"]
    assert len(processed) >= 2
