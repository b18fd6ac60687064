"""FastStream's own log lines belong to the message that they are about."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from faststream._internal.logger.logger_proxy import RealLoggerObject
from opentelemetry import trace

from faststream_otel.testing import SpanRecorder, in_memory
from tests.kinds import Kind, every_kind


class Watch(logging.Handler):
    """Notes which span is current when a record is made."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, int]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note the message and the span's id."""
        span = trace.get_current_span().get_span_context()
        self.seen.append((record.getMessage(), span.span_id))


@every_kind
@pytest.mark.parametrize("fails", [False, True])
def test_log_lines_carry_the_span(kind: Kind, fails: bool) -> None:
    """Received, Processed and the error: all with the message's process span."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    watch = Watch()
    logger = logging.getLogger("service")
    logger.setLevel(logging.INFO)
    logger.handlers = [watch]

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        logger.info("working")
        if fails:
            raise ValueError("no such order")

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            # FastStream's test broker silences the broker's logger.
            broker.config.logger.logger = RealLoggerObject(logger)
            await kind.publish(broker, "hello", "orders")
            await deliveries.settled()
        if not fails:
            assert not deliveries.errors

    asyncio.run(main())
    (span_id,) = {
        span.span_id for span in recorder.trace().spans if span.kind == "CONSUMER"
    }
    error: list[Any] = [("ValueError: no such order", span_id)] if fails else []
    assert watch.seen == [
        ("Received", span_id),
        ("working", span_id),
        *error,
        ("Processed", span_id),
    ]
