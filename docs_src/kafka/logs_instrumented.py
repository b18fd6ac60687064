"""A service whose log records get their ids from OpenTelemetry's instrumentation."""

import logging

from faststream import FastStream
from faststream.kafka import KafkaBroker
from opentelemetry import trace
from opentelemetry.instrumentation.logging import LoggingInstrumentor
from opentelemetry.sdk.trace import TracerProvider

from faststream_otel.kafka import KafkaTelemetryMiddleware

LoggingInstrumentor().instrument(inject_trace_context=True)
logging.basicConfig(
    level=logging.INFO, format="%(otelTraceID)s %(otelSpanID)s %(message)s"
)
logger = logging.getLogger("shop")

trace.set_tracer_provider(TracerProvider())
broker = KafkaBroker(logger=logger, middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders", group_id="pack", auto_offset_reset="earliest")
async def pack(order: str) -> None:
    logger.info("Packing %s", order)


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "orders")
