"""What the page about custom spans says of its programs, besides their trace."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from typing import Any

import pytest
from faststream import Depends
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from faststream_otel import CurrentSpan
from faststream_otel.testing import SpanRecorder, in_memory
from guide.fresh import a_new_process
from guide.places import BROKERS
from guide.programs import Program
from tests.kinds import KINDS, Kind, every_kind

every_broker = pytest.mark.parametrize("broker", BROKERS)


def exported(program: Program) -> dict[str, ReadableSpan]:
    """Run a program, and give its spans with their events, by name."""
    exporter = InMemorySpanExporter()
    with a_new_process():
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
        asyncio.run(program.play(program.load()))
    return {span.name: span for span in exporter.get_finished_spans()}


@every_broker
def test_attributes_and_events(broker: str) -> None:
    """Each is on the span that the page says."""
    spans = exported(Program(broker, "custom_spans"))
    process, wrap = spans["process orders"], spans["wrap"]
    assert (process.attributes or {})["app.order.item"] == "tea"
    assert [event.name for event in process.events] == ["wrapped"]
    assert dict(wrap.attributes or {}) == {"app.paper": "red"}
    assert wrap.kind is trace.SpanKind.INTERNAL


@every_broker
def test_hooks(broker: str) -> None:
    """One for what is sent, one for what was received."""
    publish, process = Program(broker, "hooks").record().spans
    assert publish.attributes["app.tenant"] == "acme"
    assert process.name == "pack for acme"


@every_broker
def test_a_caught_error(broker: str) -> None:
    """An event with the stack trace, the status, and no `error.type`."""
    process = exported(Program(broker, "caught_error"))["process orders"]
    (event,) = process.events
    attributes = event.attributes or {}
    assert event.name == "exception"
    assert attributes["exception.type"] == "OSError"
    assert attributes["exception.message"] == "no scale for tea"
    assert "in weigh" in str(attributes["exception.stacktrace"])
    assert process.status.status_code is trace.StatusCode.ERROR
    assert "error.type" not in (process.attributes or {})


@every_broker
def test_background(broker: str) -> None:
    """The task's span begins when its parent is over; the executor's has no parent."""
    recorded = Program(broker, "background").record()
    process = recorded.find("process orders")
    thread, task = recorded.find("in a thread"), recorded.find("in a task")
    assert process.start < thread.start < thread.end < process.end
    assert task.parent_id == process.span_id
    assert task.start >= process.end
    executor = recorded.find("in an executor")
    assert executor.parent_id is None
    assert executor.trace_id != process.trace_id


@every_kind
def test_what_the_page_says_of_handlers(kind: Kind) -> None:
    """Current spans, dependencies, plain functions, a copied context, own errors."""
    recorder = SpanRecorder()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    tracer = provider.get_tracer("shop")
    broker = kind.traced(recorder)
    seen: list[Any] = []

    def dependency(span: CurrentSpan) -> None:
        seen.append(span)

    @kind.subscriber(broker, "orders")
    async def handle(
        item: str, span: CurrentSpan, found: None = Depends(dependency)
    ) -> None:
        assert seen == [span]
        with tracer.start_as_current_span("wrap") as wrapping:
            assert trace.get_current_span() is wrapping
            assert span is not wrapping
            await kind.publish(broker, item, "inside")
        loop = asyncio.get_running_loop()
        copied = contextvars.copy_context().run
        assert await loop.run_in_executor(None, copied, trace.get_current_span) is span
        with pytest.raises(LookupError), tracer.start_as_current_span("own"):
            raise LookupError(item)

    @kind.subscriber(broker, "inside")
    def plain(item: str, span: CurrentSpan) -> None:
        assert trace.get_current_span() is span

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await kind.publish(broker, "tea", "orders")
            await deliveries.settled()
        assert deliveries.errors == []

    asyncio.run(main())
    recorded = recorder.trace()
    assert recorded.find("publish inside").parent_id == recorded.find("wrap").span_id
    assert recorded.find("own").status == "ERROR"
    assert recorded.find("process orders").status == "UNSET"


def test_no_span_and_one_that_does_not_record() -> None:
    """Both can be used, and hooks are not called."""
    kind = KINDS[0]
    assert trace.get_current_span() is trace.INVALID_SPAN
    called: list[str] = []
    for provider in (None, TracerProvider(ALWAYS_OFF, shutdown_on_exit=False)):
        broker = kind.broker(
            middlewares=[
                kind.middleware(
                    tracer_provider=provider,
                    publish_hook=lambda span, command: called.append("publish"),
                    consume_hook=lambda span, message: called.append("consume"),
                )
            ]
        )
        seen: list[trace.Span] = []

        @kind.subscriber(broker, "orders")
        async def handle(item: str, span: CurrentSpan) -> None:
            span.set_attribute("app.order.item", item)
            seen.append(span)  # noqa: B023 - it runs within the loop

        async def main() -> None:
            async with in_memory(broker) as deliveries:  # noqa: B023 - as above
                await kind.publish(broker, "tea", "orders")  # noqa: B023 - as above
                await deliveries.settled()
            assert deliveries.errors == []

        with a_new_process():
            asyncio.run(main())
        (span,) = seen
        assert not span.is_recording()
        assert (span is trace.INVALID_SPAN) == (provider is None)
    assert called == []


@pytest.mark.faults
def test_a_hook_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """The message goes on."""
    kind = KINDS[0]
    recorder = SpanRecorder()

    def hook(span: trace.Span, message: object) -> None:
        raise LookupError("tenant")

    broker = kind.traced(recorder, telemetry={"consume_hook": hook})
    handled: list[str] = []

    @kind.subscriber(broker, "orders")
    async def handle(item: str) -> None:
        handled.append(item)

    async def main() -> None:
        async with in_memory(broker):
            await kind.publish(broker, "tea", "orders")
            await kind.publish(broker, "cake", "orders")

    with caplog.at_level(logging.WARNING, "faststream_otel"):
        asyncio.run(main())
    assert handled == ["tea", "cake"]
    assert len(recorder.trace().spans) == 4
    told = [line for line in caplog.records if line.name.startswith("faststream_otel")]
    assert len(told) == 1
