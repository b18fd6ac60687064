"""Two services on one server, of which the first has been migrated."""

from faststream import FastStream
from faststream.rabbit import RabbitBroker
from faststream.rabbit.opentelemetry import RabbitTelemetryMiddleware as FastStreamsOwn
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from faststream_otel.console import TreeSpanExporter
from faststream_otel.rabbit import RabbitTelemetryMiddleware

of_shop = TracerProvider(resource=Resource.create({"service.name": "shop"}))
of_billing = TracerProvider(resource=Resource.create({"service.name": "billing"}))
printing = SimpleSpanProcessor(TreeSpanExporter())
of_shop.add_span_processor(printing)
of_billing.add_span_processor(printing)

shop = RabbitBroker(middlewares=[RabbitTelemetryMiddleware(tracer_provider=of_shop)])
billing = RabbitBroker(middlewares=[FastStreamsOwn(tracer_provider=of_billing)])
# They start in this order, so that the receiver is there first.
app = FastStream(billing, shop)


@billing.subscriber("orders")
@billing.publisher("invoices")
async def bill(order: str) -> str:
    return f"Invoice for {order}"


@shop.subscriber("invoices")
async def send(invoice: str) -> None:
    print(invoice)
    #> Invoice for tea


@app.after_startup
async def order() -> None:
    await shop.publish("tea", "orders")
