"""A service with both middlewares: each message is recorded twice."""

from faststream import FastStream
from faststream.confluent import KafkaBroker
from faststream.confluent.opentelemetry import (
    KafkaTelemetryMiddleware as FastStreamsOwn,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from faststream_otel.confluent import KafkaTelemetryMiddleware
from faststream_otel.console import TreeSpanExporter

tracer_provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
tracer_provider.add_span_processor(SimpleSpanProcessor(TreeSpanExporter()))

broker = KafkaBroker(
    middlewares=[
        FastStreamsOwn(tracer_provider=tracer_provider),
        KafkaTelemetryMiddleware(tracer_provider=tracer_provider),
    ]
)
app = FastStream(broker)


@broker.subscriber("orders", group_id="bill", auto_offset_reset="earliest")
@broker.publisher("invoices")
async def bill(order: str) -> str:
    return f"Invoice for {order}"


@broker.subscriber("invoices", group_id="send", auto_offset_reset="earliest")
async def send(invoice: str) -> None:
    print(invoice)
    #> Invoice for tea


@app.after_startup
async def order() -> None:
    await broker.publish("tea", "orders")
