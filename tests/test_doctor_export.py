"""What stands between a service and its exporters: each fault alone, and mended."""

from __future__ import annotations

import io
import re
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from faststream.asgi import AsgiFastStream
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as ByGrpc,
)
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
    OTLPSpanExporter as ByHttp,
)
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import faststream_otel
from faststream_otel.doctor import _export, _stopping
from tests.examined import (
    codes,
    facts,
    found,
    logging_by,
    service,
    tracing,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS = Path(__file__).parents[1] / "docs" / "servers.md"


@pytest.fixture(autouse=True)
def no_variables() -> Iterator[None]:
    """Nothing of the machine's has a say."""
    with variables():
        yield


@pytest.fixture(autouse=True)
def no_modules(monkeypatch: pytest.MonkeyPatch) -> list[types.ModuleType]:
    """The application's own modules, instead of the tests'."""
    modules: list[types.ModuleType] = []
    monkeypatch.setattr(_stopping, "_own_modules", lambda: iter(modules))
    return modules


def module(source: str) -> types.ModuleType:
    """Give a module of the application's."""
    made = types.ModuleType("shop")
    exec(source, vars(made))  # noqa: S102 - the test's own
    return made


class Vendors(trace.TracerProvider):
    """A provider that is not the SDK's."""

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
        return trace.NoOpTracer()


def outcome(*processors: Any, **options: Any) -> str:
    """Give the code of the one finding about span processors, or nothing."""
    with tracing(*processors) as provider:
        return ", ".join(codes(_export, service(provider, **options)))


def test_no_exporter() -> None:
    """Spans go nowhere, unless a processor of one's own takes them."""
    assert outcome() == "FSO301"
    with tracing() as tracers, logging_by() as loggers:
        for chosen, seen in (("none", "OTEL_TRACES_EXPORTER=none"), ("otlp", "")):
            environment = {"OTEL_TRACES_EXPORTER": chosen}
            (finding,) = found(_export, service(tracers, environment=environment))
            assert finding.seen.startswith("The global provider has no")
            assert seen in finding.seen
            assert ("none" in finding.seen) is bool(seen)
        assert not found(_export, service(loggers))
    assert not found(_export, service(Vendors()))
    assert not outcome(BatchSpanProcessor(ByHttp()))
    assert not outcome(SpanProcessor())


def test_one_by_one() -> None:
    """Only what is sent over the network keeps a service waiting."""
    assert outcome(SimpleSpanProcessor(ByHttp())) == "FSO302"
    assert not outcome(SimpleSpanProcessor(ConsoleSpanExporter(out=io.StringIO())))
    assert not outcome(SimpleSpanProcessor(InMemorySpanExporter()))
    with logging_by(SimpleLogRecordProcessor(OTLPLogExporter())) as provider:
        (finding,) = found(_export, service(provider))
    assert finding.code == "FSO302"
    assert finding.remedy.startswith("BatchLogRecordProcessor(OTLPLogExporter(...))")


def test_class_of_an_exporter() -> None:
    """In place of an instance: it fails each time it sends."""
    for kind in (BatchSpanProcessor, SimpleSpanProcessor):
        given: Any = InMemorySpanExporter
        # Even ending it fails.
        with pytest.raises(TypeError), tracing(kind(given)) as provider:
            (finding,) = found(_export, service(provider))
        assert finding.code == "FSO308"
        remedy = f"{kind.__name__}(InMemorySpanExporter()), with parentheses"
        assert finding.remedy == remedy
        assert not outcome(kind(InMemorySpanExporter()))


def test_exporter_without_a_processor() -> None:
    """It has none of a processor's methods, and each span fails."""
    with tracing(InMemorySpanExporter()) as provider:
        (finding,) = found(_export, service(provider))
    assert finding.code == "FSO309"
    assert finding.remedy.startswith("BatchSpanProcessor(InMemorySpanExporter(...))")
    with logging_by(OTLPLogExporter()) as logs:
        (finding,) = found(_export, service(logs))
    assert finding.code == "FSO309"
    assert finding.remedy.startswith("BatchLogRecordProcessor(OTLPLogExporter(...))")


def test_twice() -> None:
    """To the same address; two addresses are two backends."""
    assert outcome(*(BatchSpanProcessor(ByHttp()) for _ in range(2))) == "FSO303"
    others = (ByHttp(f"http://{name}:4318/v1/traces") for name in ("a", "b"))
    assert not outcome(*map(BatchSpanProcessor, others))
    assert not outcome(*(SimpleSpanProcessor(InMemorySpanExporter()) for _ in "ab"))


@pytest.mark.parametrize("kind", [BatchSpanProcessor, SimpleSpanProcessor])
def test_ended(kind: Any) -> None:
    """A provider that was shut down while the service was imported."""
    with tracing(kind(InMemorySpanExporter())) as provider:
        assert not found(_export, service(provider))
        provider.shutdown()
        assert codes(_export, service(provider)) == ["FSO304"]


def test_facts() -> None:
    """Address, protocol, headers by name, batches."""
    with tracing(
        BatchSpanProcessor(
            ByGrpc("https://u:s3cr3t@collector:4317", headers={"x-key": "s3cr3t"}),
            max_queue_size=64,
            max_export_batch_size=32,
            schedule_delay_millis=500,
        )
    ) as provider:
        told = facts(_export, service(provider))
    assert told == {
        "Exporter of traces": "OTLPSpanExporter to https://collector:4317, gRPC with "
        "TLS, headers x-key, every 0.5 s or 32 of them, from a queue of 64",
        "Stopping": "up to 30 s if nobody answers",
    }


@pytest.mark.parametrize(
    ("server", "application", "code"),
    [
        ("", None, ""),
        ("faststream", None, ""),
        ("faststream", AsgiFastStream(), "FSO305"),
        ("uvicorn", None, "FSO305"),
        ("/usr/bin/uvicorn app:app --workers 2", None, "FSO305"),
        ("gunicorn", None, "FSO305"),
        ("gunicorn app:app -k uvicorn_worker.UvicornWorker", None, "FSO305"),
        ("gunicorn app:app --worker-class asgi", None, ""),
        ("gunicorn app:app --worker-class=asgi", None, ""),
        ("hypercorn", None, ""),
        ("daphne", None, "FSO307"),
    ],
)
def test_servers(server: str, application: Any, code: str) -> None:
    """Some end a process before it has sent what is left."""
    processor = BatchSpanProcessor(ByHttp(timeout=1))
    assert outcome(processor, server=server, application=application) == code


def test_servers_are_those_of_the_guide() -> None:
    """Each row of its table, for `SIGTERM`."""
    rows = re.findall(r"(?m)^\| `(.+?)` \| (arrive|lost) \|", SERVERS.read_text())
    assert len(rows) > 10
    asgi = AsgiFastStream()
    for command, last in rows:
        application = (
            asgi if "asgi" in command.split()[2 if "run" in command else 1] else None
        )
        loses = _stopping.loses_the_last(command, application)
        assert loses is (last == "lost"), command


@pytest.mark.parametrize(
    "source",
    [
        "from faststream_otel import shutdown",
        "import faststream_otel\nasync def end(): await faststream_otel.shutdown()",
        "def end(provider):\n    def now(): provider.force_flush()",
    ],
)
def test_somebody_sends_the_rest(
    source: str, no_modules: list[types.ModuleType]
) -> None:
    """Whoever calls something that does has taken care."""
    made = module(source)
    for value in vars(made).values():
        if isinstance(value, types.FunctionType):
            value.__module__ = made.__name__
    no_modules.append(made)
    assert not outcome(BatchSpanProcessor(ByHttp()), server="uvicorn")
    with tracing(BatchSpanProcessor(ByHttp())) as provider:
        assert "Stopping" not in facts(_export, service(provider))
    # Nobody calls what others have.
    others = module("def end(provider): provider.shutdown()")
    others.end.__module__ = "others"
    no_modules[:] = [module("def end(provider): provider.stop()"), others]
    assert outcome(BatchSpanProcessor(ByHttp()), server="uvicorn") == "FSO305"


def test_what_is_not_sent() -> None:
    """It is not waited for, whatever the server."""
    processor = BatchSpanProcessor(InMemorySpanExporter())
    with tracing(processor) as provider:
        examined = service(provider, server="uvicorn")
        assert not found(_export, examined)
        assert "Stopping" not in facts(_export, examined)


def test_what_is_printed() -> None:
    """It waits in a queue as well."""
    processor = BatchSpanProcessor(ConsoleSpanExporter())
    with tracing(processor) as provider:
        examined = service(provider, server="uvicorn")
        assert [each.code for each in found(_export, examined)] == ["FSO305"]
        assert "Stopping" not in facts(_export, examined)


def test_own_modules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of the application, and none that is installed."""
    monkeypatch.undo()
    made = types.ModuleType("shop")
    made.__file__ = str(tmp_path / "shop.py")
    monkeypatch.setitem(sys.modules, "shop", made)
    own = list(_stopping._own_modules())
    assert made in own
    assert not {pytest, io, faststream_otel, _stopping} & set(own)


def test_a_long_stop() -> None:
    """Providers end one after the other."""
    logs = BatchLogRecordProcessor(OTLPLogExporter())
    with tracing(BatchSpanProcessor(ByHttp())) as tracers, logging_by(logs) as loggers:
        both = service(tracers, loggers, server="faststream")
        assert codes(_export, both) == ["FSO306"]
        assert facts(_export, both)["Stopping"] == "up to 60 s if nobody answers"
        assert not found(_export, service(tracers, server="faststream"))
