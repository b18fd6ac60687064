"""A handler that calls another service over HTTP."""

import httpx
from faststream import FastStream
from faststream.kafka import KafkaBroker
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from faststream_otel.console import TreeSpanExporter
from faststream_otel.kafka import KafkaTelemetryMiddleware

tracer_provider = TracerProvider(resource=Resource.create({"service.name": "kiosk"}))
tracer_provider.add_span_processor(SimpleSpanProcessor(TreeSpanExporter()))
HTTPXClientInstrumentor().instrument(tracer_provider=tracer_provider)

broker = KafkaBroker(
    middlewares=[KafkaTelemetryMiddleware(tracer_provider=tracer_provider)]
)
app = FastStream(broker)


@broker.subscriber("baskets", group_id="check_out", auto_offset_reset="earliest")
async def check_out(item: str) -> None:
    async with httpx.AsyncClient(base_url="http://localhost:8000") as shop:
        response = await shop.post("/orders", json={"item": item})
    print(response.status_code)
    #> 202


@app.after_startup
async def fill_basket() -> None:
    await broker.publish("tea", "baskets")
