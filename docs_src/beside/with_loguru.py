"""Trace ids in the lines of loguru and of logging, including FastStream's."""

import asyncio
import logging
import sys
from typing import TYPE_CHECKING

from faststream.nats import NatsBroker
from loguru import logger
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory

if TYPE_CHECKING:
    from loguru import Record


def add_ids(record: "Record") -> None:
    context = trace.get_current_span().get_span_context()
    record["extra"]["trace_id"] = trace.format_trace_id(context.trace_id)


class ToLoguru(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logger.opt(exception=record.exc_info).log(
            record.levelname, record.getMessage()
        )


trace.set_tracer_provider(TracerProvider())
logger.configure(
    handlers=[{"sink": sys.stdout, "format": "{level} {extra[trace_id]} {message}"}],
    patcher=add_ids,
)
logging.basicConfig(handlers=[ToLoguru()], level=logging.INFO)

broker = NatsBroker(
    middlewares=[NatsTelemetryMiddleware()], logger=logging.getLogger("shop")
)


@broker.subscriber("orders")
async def pack(order: str) -> None:
    logger.info("Packing {}", order)
    logging.getLogger("shop").info("As FastStream logs")


async def main() -> None:
    async with in_memory(broker) as deliveries:
        await broker.start()
        await broker.publish("tea", "orders")
        await deliveries.settled()


asyncio.run(main())
