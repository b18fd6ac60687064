"""A service that logs with structlog, FastStream's lines included."""

import logging

import structlog
from faststream import FastStream
from faststream.mqtt import MQTTBroker
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from structlog.stdlib import BoundLogger, ExtraAdder, LoggerFactory, ProcessorFormatter
from structlog.typing import EventDict

from faststream_otel.mqtt import MQTTTelemetryMiddleware


def add_trace_ids(_logger: object, _method: str, event: EventDict) -> EventDict:
    span = trace.get_current_span().get_span_context()
    event["trace_id"] = trace.format_trace_id(span.trace_id)
    event["span_id"] = trace.format_span_id(span.span_id)
    return event


structlog.configure(
    processors=[add_trace_ids, ProcessorFormatter.wrap_for_formatter],
    logger_factory=LoggerFactory(),
    wrapper_class=BoundLogger,
)
handler = logging.StreamHandler()
handler.setFormatter(
    ProcessorFormatter(
        # For lines that come through logging, such as FastStream's.
        foreign_pre_chain=[ExtraAdder(), add_trace_ids],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.LogfmtRenderer(key_order=["event", "trace_id"]),
        ],
    )
)
logging.basicConfig(level=logging.INFO, handlers=[handler])
logger = structlog.stdlib.get_logger("shop")

trace.set_tracer_provider(TracerProvider())
broker = MQTTBroker(
    logger=logging.getLogger("shop"), middlewares=[MQTTTelemetryMiddleware()]
)
app = FastStream(broker)


@broker.subscriber("orders")
async def pack(order: str) -> None:
    logger.info("Packing", order=order)


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "orders")
