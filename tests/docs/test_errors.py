"""What the page "Errors and acknowledgement" says of its programs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from faststream import AckPolicy
from faststream.exceptions import (
    AckMessage,
    NackMessage,
    RejectMessage,
    StopApplication,
)
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from faststream_otel import _exceptions
from faststream_otel.testing import RecordedSpan, SpanRecorder
from guide.fresh import a_new_process
from guide.places import BROKERS
from guide.programs import Program
from tests.test_settling import acknowledged, publish, settled, settling

if TYPE_CHECKING:
    from tests.kinds import Kind

EVERY = [Program(broker, "errors") for broker in BROKERS]
SETTLED = [Program(broker, "settled") for broker in BROKERS]


def processes(program: Program) -> list[RecordedSpan]:
    """The process spans, in the order of their messages."""
    spans = program.record().spans
    by_parent = {span.parent_id: span for span in spans if span.kind == "CONSUMER"}
    return [by_parent[span.span_id] for span in spans if span.kind == "PRODUCER"]


@pytest.mark.parametrize("program", EVERY, ids=str)
def test_table(program: Program) -> None:
    """Status, error and decision of each message."""
    told = [
        (
            span.status,
            span.status_description,
            span.attributes.get("error.type"),
            span.attributes.get("faststream.message.decision"),
        )
        for span in processes(program)
    ]
    assert told == [
        ("UNSET", "", None, None),
        ("UNSET", "", None, "reject"),
        ("ERROR", "no unicorn in stock", "LookupError", None),
    ]


@pytest.mark.parametrize("program", EVERY, ids=str)
def test_publish_spans_have_no_error(program: Program) -> None:
    """Sending went well, whatever the handler did."""
    sent = [span for span in program.record().spans if span.kind == "PRODUCER"]
    assert [span.status for span in sent] == ["UNSET"] * 3


@pytest.mark.parametrize("program", EVERY, ids=str)
def test_only_the_error_is_recorded_as_an_exception(program: Program) -> None:
    """Once, with its stack trace."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with a_new_process():
        trace.set_tracer_provider(provider)
        asyncio.run(program.play(program.load()))
        events = [
            event for span in exporter.get_finished_spans() for event in span.events
        ]
    (event,) = events
    assert event.attributes is not None
    assert event.name == "exception"
    assert event.attributes["exception.type"] == "LookupError"
    assert "in pack" in str(event.attributes["exception.stacktrace"])


def test_stop_application_is_a_decision() -> None:
    """FastStream's own way to stop is not an error either."""
    assert _exceptions._decision(StopApplication()) == "stop_application"


@pytest.mark.parametrize("program", SETTLED, ids=str)
def test_the_broker_is_told_after_the_process_span(program: Program) -> None:
    """It is the child of a span that has ended."""
    _, process, ack = program.record().spans
    assert ack.parent_id == process.span_id
    assert process.end < ack.start
    assert ack.kind == "CLIENT"
    assert ack.attributes["messaging.operation.type"] == "settle"


TOLD = {
    "kafka": {"ack": ["ack"], "nack": ["nack"], "reject": ["reject"]},
    "confluent": {"ack": ["ack"], "nack": ["nack"], "reject": ["reject"]},
    "rabbit": {"ack": ["ack"], "nack": ["nack"], "reject": ["reject"]},
    "nats": {"ack": ["ack"], "nack": ["nack"], "reject": ["reject"]},
    "redis-stream": {"ack": ["ack"], "nack": [], "reject": []},
    "mqtt": {"ack": ["ack"], "nack": [], "reject": ["reject"]},
}
DECISIONS = {"ack": AckMessage, "nack": NackMessage, "reject": RejectMessage}


@pytest.mark.parametrize("decided", DECISIONS)
@settling
def test_whom_is_told(kind: Kind, decided: str) -> None:
    """The table of the brokers: what is told has a span, and nothing else has."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"settle_spans": True})

    @acknowledged(kind, broker, AckPolicy.ACK)
    async def handle(message: str) -> None:
        raise DECISIONS[decided]

    publish(kind, broker)
    told = [span.attributes["messaging.operation.name"] for span in settled(recorder)]
    wanted = TOLD[kind.name][decided]
    # A message that was refused comes again, and is refused again.
    assert told == (wanted if decided != "nack" else wanted * len(told))
    assert bool(told) == bool(wanted)
