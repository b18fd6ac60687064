"""A service with FastStream's own telemetry middleware."""

from faststream import FastStream
from faststream.nats import NatsBroker
from faststream.nats.opentelemetry import NatsTelemetryMiddleware
from faststream.opentelemetry import Baggage, CurrentBaggage, CurrentSpan
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from faststream_otel.console import TreeSpanExporter

tracer_provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
tracer_provider.add_span_processor(SimpleSpanProcessor(TreeSpanExporter()))

broker = NatsBroker(
    middlewares=[NatsTelemetryMiddleware(tracer_provider=tracer_provider)]
)
app = FastStream(broker)


@broker.subscriber("orders")
@broker.publisher("invoices")
async def bill(order: str, span: CurrentSpan) -> str:
    span.set_attribute("app.order", order)
    return f"Invoice for {order}"


@broker.subscriber("invoices")
async def send(invoice: str, baggage: CurrentBaggage) -> None:
    print(f"{invoice} to {baggage.get('customer')}")
    #> Invoice for tea to Ada


@app.after_startup
async def order() -> None:
    customer = Baggage({"customer": "Ada"})
    await broker.publish("tea", "orders", headers=customer.to_headers())
