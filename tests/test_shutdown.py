"""`shutdown` ends all telemetry, within one bound, whatever the providers do."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
from threading import Barrier, Event
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
from faststream import FastStream, TestApp
from faststream.nats import NatsBroker
from opentelemetry import _logs, metrics, trace

from faststream_otel import shutdown
from faststream_otel.testing import in_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    Provide = Callable[..., None]

WITHIN = 20.0  # seconds, at the most
GLOBAL = {
    "traces": (trace, "get_tracer_provider"),
    "metrics": (metrics, "get_meter_provider"),
    "logs": (_logs, "get_logger_provider"),
}


class Provider:
    """A provider that is not the SDK's, and counts how often it is ended."""

    def __init__(self, end: Callable[[], object] = lambda: None) -> None:
        self.end, self.ended = end, 0

    def shutdown(self) -> None:
        self.ended += 1
        self.end()


@pytest.fixture
def provide(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make these the global providers."""

    def provide(**providers: Any) -> None:
        for signal, (module, name) in GLOBAL.items():
            provider = providers.get(signal)
            monkeypatch.setattr(module, name, lambda provider=provider: provider)

    return provide


def test_side_by_side(provide: Provide) -> None:
    """Each waits until all have begun."""
    met = Barrier(3, timeout=WITHIN)
    providers = {signal: Provider(met.wait) for signal in GLOBAL}
    provide(**providers)
    asyncio.run(shutdown(WITHIN))
    assert not met.broken
    assert [provider.ended for provider in providers.values()] == [1, 1, 1]


def test_the_event_loop_goes_on(provide: Provide) -> None:
    """What ends the provider here is a task of the same loop."""
    goes_on, ended = Event(), []
    provide(traces=Provider(lambda: ended.append(goes_on.wait(WITHIN))))

    async def main() -> None:
        ending = asyncio.create_task(shutdown(WITHIN))
        await asyncio.sleep(0)
        goes_on.set()
        await ending

    asyncio.run(main())
    assert ended == [True]


def test_one_bound_for_all(provide: Provide, caplog: pytest.LogCaptureFixture) -> None:
    """Those that take longer are named, and left to themselves."""
    never = Event()
    hanging = Provider(lambda: never.wait(WITHIN))
    provide(traces=hanging, metrics=Provider(), logs=Provider(hanging.end))
    began = monotonic()
    asyncio.run(shutdown(0.2))
    assert 0.2 <= monotonic() - began < WITHIN / 2
    (said,) = caplog.messages
    assert said.startswith(
        "Telemetry did not shut down within 0.2 s. What had not been"
    )
    assert said.endswith(": logs, traces.")
    # A second caller is not kept waiting for what has been given up.
    began = monotonic()
    asyncio.run(shutdown(WITHIN))
    assert monotonic() - began < WITHIN / 2
    assert len(caplog.messages) == 1
    never.set()


def test_once(provide: Provide) -> None:
    """Whoever calls again waits for the first, and ends nothing a second time."""
    goes_on = Event()
    provider = Provider(lambda: goes_on.wait(WITHIN))
    provide(traces=provider)

    async def main() -> None:
        callers = [asyncio.create_task(shutdown(WITHIN)) for _ in range(3)]
        done, _ = await asyncio.wait(callers, timeout=0.05)
        assert not done
        goes_on.set()
        await asyncio.gather(*callers)
        await shutdown(WITHIN)

    asyncio.run(main())
    assert provider.ended == 1


@pytest.mark.parametrize("where", [trace.get_tracer_provider, None])
def test_nothing_is_raised(
    where: Any,
    provide: Provide,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither by a provider that fails, nor by one that cannot even be had."""

    def fail() -> None:
        raise RuntimeError("no")

    others = Provider()
    provide(traces=Provider(fail), metrics=others)
    if where:
        monkeypatch.setattr(trace, "get_tracer_provider", fail)
    asyncio.run(shutdown(WITHIN))
    assert caplog.messages == [
        "Shutting down traces failed. What had not been sent may be lost."
    ]
    assert others.ended == 1


def test_a_provider_that_can_only_be_flushed(provide: Provide) -> None:
    """Is flushed; and a provider that takes a bound gets one within ours."""

    class Flushed:
        def __init__(self) -> None:
            self.given: list[float] = []

        def force_flush(self, timeout_millis: float = 30_000) -> None:
            self.given.append(timeout_millis)

    provider = Flushed()
    provide(metrics=provider)
    asyncio.run(shutdown(WITHIN))
    assert provider.given == [WITHIN * 900]


@pytest.mark.parametrize(
    ("timeout", "error"),
    [
        (0, "timeout must be a positive and finite number of seconds, not 0"),
        (-1.5, "timeout must be a positive and finite number of seconds, not -1.5"),
        (math.inf, "timeout must be a positive and finite number of seconds, not inf"),
        (math.nan, "timeout must be a positive and finite number of seconds, not nan"),
        ("5", "timeout must be a number of seconds, not str"),
        (None, "timeout must be a number of seconds, not NoneType"),
        (True, "timeout must be a number of seconds, not bool"),
    ],
)
def test_a_timeout_that_is_none(timeout: Any, error: str, provide: Provide) -> None:
    """Is told, and nothing is ended."""
    provider = Provider()
    provide(traces=provider)
    with pytest.raises((TypeError, ValueError)) as told:
        asyncio.run(shutdown(timeout))
    assert str(told.value) == error
    assert provider.ended == 0


def test_cancelled(provide: Provide) -> None:
    """Whoever waits can be cancelled, and the provider is ended all the same."""
    goes_on, ended = Event(), Event()

    def end() -> None:
        goes_on.wait(WITHIN)
        ended.set()

    provide(traces=Provider(end))

    async def main() -> None:
        waiting = asyncio.create_task(shutdown(WITHIN))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
    goes_on.set()
    assert ended.wait(WITHIN)


def test_as_a_hook_of_an_application(provide: Provide) -> None:
    """FastStream takes the function itself, and calls it after stopping the broker."""
    broker = NatsBroker()
    stopped = []
    provider = Provider(lambda: stopped.append(broker.running))
    provide(traces=provider)
    app = FastStream(broker, after_shutdown=[shutdown])

    async def main() -> None:
        async with in_memory(broker), TestApp(app):
            assert provider.ended == 0

    asyncio.run(main())
    assert stopped == [False]


def run(program: str) -> str:
    """Run a program in a process of its own, and give what it says."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=False,
        text=True,
        timeout=WITHIN * 3,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_without_the_sdk() -> None:
    """There is nothing to end, and nothing is imported for it."""
    program = """
import asyncio, sys, threading
import faststream_otel
asyncio.run(faststream_otel.shutdown())
print([name for name in sys.modules if name.startswith("opentelemetry.sdk")])
print([each.name for each in threading.enumerate()])
"""
    assert run(program) == "[]\n['MainThread']\n"


THE_SDK = """
import asyncio, logging, socket, sys, time
from opentelemetry import _logs, metrics, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from faststream_otel import shutdown

logging.basicConfig(format="%(name)s: %(message)s")
with socket.create_server(("127.0.0.1", 0)) as nobody_answers:
    endpoint = f"http://127.0.0.1:{nobody_answers.getsockname()[1]}"
    trace.set_tracer_provider(TracerProvider())
    trace.get_tracer_provider().add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint))
    )
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint))
    metrics.set_meter_provider(MeterProvider([reader]))
    _logs.set_logger_provider(LoggerProvider())
    _logs.get_logger_provider().add_log_record_processor(
        BatchLogRecordProcessor(OTLPLogExporter(endpoint))
    )
    trace.get_tracer("test").start_span("test").end()
    metrics.get_meter("test").create_counter("test").add(1)
    _logs.get_logger("test").emit(body="test")
    began = time.monotonic()
    asyncio.run(shutdown(1))
    asyncio.run(shutdown(1))
    print("took", time.monotonic() - began)
"""


def test_the_sdk_with_a_backend_that_does_not_answer() -> None:
    """Three signals end within one bound, and do not hold up the process after it."""
    began = monotonic()
    said = run(THE_SDK)
    took = float(said.partition("took ")[2].split()[0])
    assert 1 <= took < 2
    assert monotonic() - began < took + WITHIN / 2
    assert said.count("Telemetry did not shut down within 1 s") == 1
    # What the SDK says when it is ended twice.
    assert "once" not in said
    assert "Traceback" not in said
