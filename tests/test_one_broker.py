"""One broker is instrumented, and brokers that `gc.freeze()` hid are found."""

from __future__ import annotations

import gc
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from faststream_otel.instrumentor import FastStreamInstrumentor
from faststream_otel.testing import SpanRecorder
from tests.kinds import Kind, every_kind
from tests.test_instrumentor import SPANS, names, send, serve, telemetry
from tests.test_packaging import CLIENTS, SDK, imported_by

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.all_objects


@pytest.fixture
def recorder() -> SpanRecorder:
    """Keeps the spans of the test."""
    return SpanRecorder()


@pytest.fixture
def provider(recorder: SpanRecorder) -> TracerProvider:
    """Gives them to it."""
    made = TracerProvider(shutdown_on_exit=False)
    made.add_span_processor(recorder)
    return made


@every_kind
def test_one_broker(
    kind: Kind, recorder: SpanRecorder, provider: TracerProvider
) -> None:
    """It alone, once, and until it is undone."""
    broker, other = kind.broker(), kind.broker()
    serve(kind, broker)
    serve(kind, other)
    for _ in range(2):
        FastStreamInstrumentor().instrument_broker(broker, tracer_provider=provider)
    assert len(telemetry(broker)) == 1
    assert not telemetry(other)
    send(kind, other)
    assert not names(recorder)
    send(kind, broker)
    assert names(recorder) == SPANS
    FastStreamInstrumentor().uninstrument_broker(broker)
    assert not telemetry(broker)
    send(kind, broker)
    assert names(recorder) == SPANS


@every_kind
def test_one_broker_that_has_a_middleware(
    kind: Kind, recorder: SpanRecorder, provider: TracerProvider
) -> None:
    """It is left as it is, also when that is undone."""
    broker = kind.traced(recorder)
    own = broker.middlewares
    FastStreamInstrumentor().instrument_broker(broker, tracer_provider=provider)
    assert broker.middlewares == own
    FastStreamInstrumentor().uninstrument_broker(broker)
    assert broker.middlewares == own


@every_kind
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"incoming": "trust"}, ValueError),
        ({"publish_hok": None}, TypeError),
        ({"tracer_provider": TracerProvider}, TypeError),
    ],
    ids=["value", "name", "class"],
)
def test_one_broker_with_options_that_make_no_sense(
    kind: Kind, options: dict[str, Any], error: type[Exception]
) -> None:
    """It is told here, and the broker is left as it is."""
    broker = kind.broker()
    with pytest.raises(error):
        FastStreamInstrumentor().instrument_broker(broker, **options)
    assert not telemetry(broker)


@pytest.mark.parametrize("nothing", [None, "nats", object()])
def test_what_is_no_broker(nothing: Any) -> None:
    """A riddle later would be worse."""
    with pytest.raises(TypeError, match="is not a FastStream broker"):
        FastStreamInstrumentor().instrument_broker(nothing)


@pytest.fixture
def instrumented(unfrozen_at_the_end: None) -> Iterator[None]:
    """Undo what the test instruments."""
    yield
    if FastStreamInstrumentor().is_instrumented_by_opentelemetry:
        FastStreamInstrumentor().uninstrument()


@every_kind
@pytest.mark.usefixtures("instrumented")
@pytest.mark.parametrize("held", ["module", "elsewhere"])
def test_a_broker_that_was_frozen(
    kind: Kind,
    held: str,
    recorder: SpanRecorder,
    provider: TracerProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Found at once where a module has it, and when it connects where none has."""
    broker = kind.broker()
    serve(kind, broker)
    if held == "module":
        service = ModuleType("service")
        service.broker = broker  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "service", service)
    gc.freeze()
    FastStreamInstrumentor().instrument(tracer_provider=provider)
    assert len(telemetry(broker)) == (held == "module")
    send(kind, broker)
    assert names(recorder) == SPANS


@pytest.mark.parametrize("module", ["faststream_otel", "faststream_otel.nats"])
def test_import_brings_no_fastapi(module: str) -> None:
    """Nor the SDK, nor the client of another broker."""
    unwanted = {"fastapi", SDK}.union(*CLIENTS.values()) - CLIENTS["nats"]
    assert not unwanted & imported_by(module)
