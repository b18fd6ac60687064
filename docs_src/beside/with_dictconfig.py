"""Trace ids in every log line, with logging configured from a dictionary."""

import asyncio
import logging.config

from faststream.nats import NatsBroker
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory


class TraceIds(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        context = trace.get_current_span().get_span_context()
        record.trace_id = trace.format_trace_id(context.trace_id)
        return True


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"ids": {"()": TraceIds}},
    "formatters": {"ids": {"format": "%(name)s %(trace_id)s %(message)s"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "filters": ["ids"],
            "formatter": "ids",
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    # Without this, uvicorn's loggers have their own handlers.
    "loggers": {
        name: {"handlers": [], "propagate": True}
        for name in ("uvicorn", "uvicorn.access", "uvicorn.error")
    },
}

trace.set_tracer_provider(TracerProvider())
logging.config.dictConfig(LOGGING)

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])


@broker.subscriber("orders")
async def pack(order: str) -> None:
    logging.getLogger("shop").info("Packing %s", order)


async def main() -> None:
    async with in_memory(broker) as deliveries:
        await broker.start()
        await broker.publish("tea", "orders")
        await deliveries.settled()


asyncio.run(main())
logging.getLogger("uvicorn.error").info("Finished server process")
