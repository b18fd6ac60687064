"""Two services on one broker: the first has been migrated, the second has not."""

from faststream import FastStream
from faststream.mqtt import MQTTBroker
from faststream.mqtt.opentelemetry import MQTTTelemetryMiddleware as FastStreamsOwn
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from faststream_otel.console import TreeSpanExporter
from faststream_otel.mqtt import MQTTTelemetryMiddleware

of_shop = TracerProvider(resource=Resource.create({"service.name": "shop"}))
of_billing = TracerProvider(resource=Resource.create({"service.name": "billing"}))
printing = SimpleSpanProcessor(TreeSpanExporter())
of_shop.add_span_processor(printing)
of_billing.add_span_processor(printing)

shop = MQTTBroker(middlewares=[MQTTTelemetryMiddleware(tracer_provider=of_shop)])
billing = MQTTBroker(middlewares=[FastStreamsOwn(tracer_provider=of_billing)])
# The receiver comes first, so that it is subscribed before the sender publishes.
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
