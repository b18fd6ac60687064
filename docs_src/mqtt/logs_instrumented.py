"""A service whose log records get their ids from OpenTelemetry's instrumentation."""

import logging

from faststream import FastStream
from faststream.mqtt import MQTTBroker
from opentelemetry import trace
from opentelemetry.instrumentation.logging import LoggingInstrumentor
from opentelemetry.sdk.trace import TracerProvider

from faststream_otel.mqtt import MQTTTelemetryMiddleware

LoggingInstrumentor().instrument(inject_trace_context=True)
logging.basicConfig(
    level=logging.INFO, format="%(otelTraceID)s %(otelSpanID)s %(message)s"
)
logger = logging.getLogger("shop")

trace.set_tracer_provider(TracerProvider())
broker = MQTTBroker(logger=logger, middlewares=[MQTTTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders")
async def pack(order: str) -> None:
    logger.info("Packing %s", order)


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "orders")
