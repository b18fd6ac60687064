"""What the page about production says of configurations, processes and strangers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
from collections import defaultdict
from itertools import islice
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
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler
from opentelemetry.trace import StatusCode

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import SpanRecorder, assert_trace, in_memory
from servers.known import SERVERS
from tests.brokers.receiver import Inbox, over_grpc
from tests.docs.production import COLLECTORS, CONFIGS, UNTRUSTED
from tests.docs.programs import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

WITHIN = 30.0  # seconds, at the most


def collector() -> Path:
    """Give the Collector's program, which is there where it has been started."""
    return SERVERS["collector"].program.get()


@pytest.mark.broker("collector")
@pytest.mark.parametrize("name", COLLECTORS)
def test_the_collector_takes_it(name: str) -> None:
    """The Collector itself says that a configuration is valid."""
    done = subprocess.run(
        [collector(), "validate", "--config", CONFIGS / f"{name}.yaml"],
        env={**os.environ, "BACKEND": "backend:4317"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def free_port() -> int:
    """Give a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextlib.contextmanager
def running(name: str, log: Path, **environment: str) -> Iterator[str]:
    """Run a Collector with a configuration of the guide; give where it listens."""
    where = f"127.0.0.1:{free_port()}"
    config = CONFIGS / f"{name}.yaml"
    quiet = "--set=service::telemetry::metrics::level=none"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [collector(), "--config", config, quiet],
            env={**os.environ, "LISTEN": where, **environment},
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            wait_for(log, "Everything is ready")
            yield where
        finally:
            process.terminate()


def wait_for(log: Path, words: str) -> None:
    """Wait until a log has these words."""
    ready = Event()
    for _ in range(int(WITHIN * 50)):
        if words in log.read_text():
            return
        ready.wait(0.02)
    raise AssertionError(log.read_text())


@pytest.mark.broker("collector")
def test_all_spans_of_a_trace_come_to_the_same_sampler(tmp_path: Path) -> None:
    """Also where they are sent one by one; and a failed trace is kept whole."""
    inboxes = Inbox(), Inbox()
    with contextlib.ExitStack() as stack:
        samplers = [
            stack.enter_context(
                running(
                    "collector_sampler",
                    tmp_path / f"sampler-{number}.log",
                    BACKEND=stack.enter_context(over_grpc(inbox)),
                    DECISION_WAIT="2s",
                )
            )
            for number, inbox in enumerate(inboxes)
        ]
        front = stack.enter_context(
            running(
                "collector_front",
                tmp_path / "front.log",
                SAMPLER_1=samplers[0],
                SAMPLER_2=samplers[1],
            )
        )
        failed = send_traces(front, count=20)
        well = send_traces(front, count=20, fails=False)
        wanted = 3 * len(failed)
        arrived = await_both(inboxes, wanted)
    where = defaultdict(set)
    spans: defaultdict[int, int] = defaultdict(int)
    for number, received in enumerate(arrived):
        for each in received:
            trace_id = int.from_bytes(each.span.trace_id, "big")
            where[trace_id].add(number)
            spans[trace_id] += 1
    assert failed <= set(where), "a failed trace was not kept"
    assert all(len(numbers) == 1 for numbers in where.values()), "a trace was split"
    assert {number for numbers in where.values() for number in numbers} == {0, 1}
    assert set(spans.values()) == {3}, "a trace is not whole"
    assert len(well & set(where)) < len(well), "everything was kept"


def await_both(inboxes: tuple[Inbox, Inbox], wanted: int) -> list[list[Any]]:
    """Wait for spans of which nobody knows in which of two inboxes they will be."""
    for _ in range(int(WITHIN * 10)):
        arrived = [inbox.wait(wanted, 0.05) for inbox in inboxes]
        if sum(map(len, arrived)) >= wanted:
            return arrived
    return arrived


def send_traces(front: str, *, count: int, fails: bool = True) -> set[int]:
    """Send traces of three spans, each span by itself; the last one may have failed."""
    provider = TracerProvider(shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=front, insecure=True)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    ids = set()
    for _ in range(count):
        with tracer.start_as_current_span("publish orders") as root:
            with (
                tracer.start_as_current_span("process orders"),
                tracer.start_as_current_span("publish invoices") as last,
            ):
                if fails:
                    last.set_status(StatusCode.ERROR)
            ids.add(root.get_span_context().trace_id)
    provider.shutdown()
    return ids


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


def test_a_stranger_is_linked() -> None:
    """His trace does not go on in ours, and of his baggage one key is believed."""
    recorded = UNTRUSTED.record()
    assert_trace(recorded, "publish orders [CLIENT]\nprocess orders [CONSUMER]")
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
                # Either worker sends an order when it starts, and prints its invoice.
                invoices = (line for line in process.stdout if "Invoice for" in line)
                handled = list(islice(invoices, 2))
                before = inbox.wait(1, 0)
            finally:
                process.send_signal(sign)
                process.wait(WITHIN)
                watchdog.cancel()
        assert handled == ["Invoice for a book\n"] * 2
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
