"""Two handlers to change: rename a destination, add a span, raise an error."""

from faststream import FastStream
from faststream.mqtt import MQTTBroker

from faststream_otel import CurrentSpan
from faststream_otel.mqtt import MQTTTelemetryMiddleware

broker = MQTTBroker(middlewares=[MQTTTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders")
@broker.publisher("parcels")
async def pack(item: str, span: CurrentSpan) -> str:
    span.set_attribute("app.order.item", item)
    return f"A parcel of {item}"


@broker.subscriber("parcels")
async def send(parcel: str) -> None:
    print(f"{parcel} is on its way")
    #> A parcel of tea is on its way


@app.after_startup
async def order() -> None:
    await broker.publish("tea", "orders")
