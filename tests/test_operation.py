"""Tracers and spans that are not the SDK's own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from faststream_otel.testing import SpanRecorder, in_memory
from tests.kinds import Kind, every_kind


class Named:
    """A tracer that takes all but a span's name by their names."""

    def __init__(self, tracer: Any) -> None:
        self._tracer = tracer

    def start_span(self, name: str, **options: Any) -> Any:
        """Start a span."""
        return self._tracer.start_span(name, **options)


class Mute:
    """A span that cannot say whether it records."""

    def __init__(self, span: Any) -> None:
        self._span = span

    def __getattr__(self, name: str) -> Any:
        return getattr(self._span, name)

    def is_recording(self) -> bool:
        """Raise."""
        raise RuntimeError


class Muting(Named):
    """A tracer of such spans."""

    def start_span(self, name: str, *arguments: Any, **options: Any) -> Any:
        """Start a span."""
        return Mute(self._tracer.start_span(name, *arguments, **options))


class Provider:
    """A provider that has nothing but the one method."""

    def __init__(self, tracer: Any, recorder: SpanRecorder) -> None:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(recorder)
        self._tracer = tracer(provider.get_tracer("theirs"))

    def get_tracer(self, *_: Any, **__: Any) -> Any:
        """Give the tracer."""
        return self._tracer


@every_kind
@pytest.mark.faults
@pytest.mark.parametrize("tracer", [Named, Muting], ids=["by name", "mute"])
def test_spans_begin_and_end(kind: Kind, tracer: Any) -> None:
    """What a span cannot tell is no reason to leave it open."""
    recorder = SpanRecorder()
    middleware = kind.middleware(tracer_provider=Provider(tracer, recorder))
    broker = kind.broker(middlewares=[middleware])

    @kind.subscriber(broker, "orders")
    async def handle(body: str) -> None: ...

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await kind.publish(broker, "hello", "orders")
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())
    names = sorted(span.name for span in recorder.trace().spans)
    assert names == ["process orders", "publish orders"]
