"""The exporters of the guide, on each broker, with the server that its readers use.

`test_backends.py` has those for Zipkin.
"""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING

import pytest

from faststream_otel.testing import RecordedSpan, Trace, assert_trace
from guide import backends
from guide.backends import eventually, free_port, get
from guide.places import PROGRAMS
from guide.process import Process
from guide.programs import Program
from tests.brokers.receiver import Inbox, over_grpc
from tests.brokers.sending import (
    EVERYWHERE,
    environment,
    on,
    play,
    script,
    started,
    stop,
)
from tests.brokers.test_programs import assert_printed
from tests.docs.test_exporting import ONE_MESSAGE, series
from tests.docs.test_programs import assert_links_its_message

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    ("broker", "number", "workers"),
    [
        on("kafka", signal.SIGINT, 1),
        on("rabbit", signal.SIGTERM, 1),
        on("nats", signal.SIGINT, 2),
        on("redis", signal.SIGTERM, 2),
    ],
)
def test_the_last_spans_are_sent(broker: str, number: int, workers: int) -> None:
    """On Ctrl+C and on SIGTERM, also by workers."""
    inbox = Inbox()
    command = f"{script(broker, 'exporting')} --workers {workers}"
    with over_grpc(inbox) as endpoint:
        env = environment(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
        with started(Program(broker, "exporting"), command, env) as app:
            app.wait_for("Processed")
            assert not inbox.wait(1, within=0)
            app.send(number)
            assert app.end(terminate=False) == 0, app.output
        names = [each.span.name for each in inbox.wait(1, within=0)]
    # A worker that was still starting need not have published.
    assert {"publish orders", "process orders"} == set(names)


@pytest.mark.parametrize("broker", [on("mqtt")])
def test_a_process_that_is_killed_sends_nothing(broker: str) -> None:
    """What was in the queue is lost."""
    inbox = Inbox()
    with over_grpc(inbox) as endpoint:
        env = environment(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
        command = script(broker, "exporting")
        with started(Program(broker, "exporting"), command, env) as app:
            app.wait_for("Processed")
            app.send(signal.SIGKILL)
            app.end(terminate=False)
        assert not inbox.wait(1, within=0)


@pytest.mark.broker("collector")
@pytest.mark.parametrize("broker", EVERYWHERE)
@pytest.mark.parametrize(
    ("step", "by"),
    [("exporting", "exporting"), ("exporting_http", "exporting_others")],
)
def test_collector(broker: str, step: str, by: str) -> None:
    """The Collector has the whole trace, by either way of OTLP."""
    before = {span.trace_id for span in backends.collected()}
    play(Program(broker, step), script(broker, by))

    def new() -> list[RecordedSpan]:
        spans = backends.collected()
        return [span for span in spans if span.trace_id not in before]

    recorded = Trace(tuple(eventually(new)))
    assert {span.service for span in recorded.spans} == {"shop"}
    assert_trace(recorded, ONE_MESSAGE)
    assert_links_its_message(recorded, recorded.spans[-1])


@pytest.mark.broker("collector")
@pytest.mark.parametrize("broker", EVERYWHERE)
def test_without_code(broker: str) -> None:
    """`opentelemetry-instrument` sends spans and metrics to the same endpoint."""
    before = {span.trace_id for span in backends.collected()}
    counted = len(backends.requests("Metrics"))
    command = script(broker, "exporting_zero_code")
    env = environment()
    for name in ("OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"):
        del env[name]
    with started(Program(broker, "zero_code"), command, env) as app:
        app.wait_for("Invoice for a book")
        stop(app)

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


@pytest.mark.parametrize("broker", EVERYWHERE)
def test_console(broker: str) -> None:
    """Both spans are printed as JSON, and in the tree."""
    output = play(Program(broker, "exporting_console"))
    for name, kind in (("publish", "PRODUCER"), ("process", "CONSUMER")):
        assert f'"name": "{name} orders"' in output
        assert re.search(rf"^(└── )?{name} orders +{kind} +shop", output, re.MULTILINE)


@pytest.mark.parametrize("broker", EVERYWHERE)
def test_memory(broker: str) -> None:
    """The program names both spans when it stops."""
    program = Program(broker, "exporting_memory")
    assert_printed(program, play(program))


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
@pytest.mark.parametrize("broker", EVERYWHERE)
def test_prometheus(prometheus: str, broker: str) -> None:
    """It fetches the counts of the program, by the names that the page has."""
    program = Program(broker, "exporting_prometheus")
    command = f"exec faststream run {program.step}:app"
    with started(program, command, environment()) as app:
        app.wait_for("Processed")
        for name in series():
            metric = name if name.endswith("_total") else f"{name}_count"

            def answer(metric: str = metric) -> list[dict[str, list[str]]]:
                query = get(f"{prometheus}/query?query={metric}")
                found: list[dict[str, list[str]]] = query["data"]["result"]
                return found

            (only,) = eventually(answer)
            assert only["value"][1] == "1", metric
