"""A service that logs JSON, with the ids as fields."""

import logging

from faststream import FastStream
from faststream.redis import RedisBroker
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from pythonjsonlogger.json import JsonFormatter

from faststream_otel.redis import RedisTelemetryMiddleware


class TraceIds(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        span = trace.get_current_span().get_span_context()
        record.trace_id = trace.format_trace_id(span.trace_id)
        record.span_id = trace.format_span_id(span.span_id)
        return True


handler = logging.StreamHandler()
handler.addFilter(TraceIds())
handler.setFormatter(JsonFormatter())
logging.basicConfig(level=logging.INFO, handlers=[handler])
logger = logging.getLogger("shop")

trace.set_tracer_provider(TracerProvider())
broker = RedisBroker(logger=logger, middlewares=[RedisTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders")
async def pack(order: str) -> None:
    logger.info("Packing %s", order)


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "orders")
