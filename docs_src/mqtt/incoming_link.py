"""Two services: the second begins a new trace for each message."""

from faststream import FastStream
from faststream.mqtt import MQTTBroker

from faststream_otel.mqtt import MQTTTelemetryMiddleware

sender = MQTTBroker(middlewares=[MQTTTelemetryMiddleware()])
receiver = MQTTBroker(middlewares=[MQTTTelemetryMiddleware(incoming="link")])
# The receiver comes first, so that it is subscribed before the sender publishes.
app = FastStream(receiver, sender)


@receiver.subscriber("orders")
async def pack(item: str) -> None:
    print(f"Packing {item}")
    #> Packing tea


@app.after_startup
async def order() -> None:
    await sender.publish("tea", "orders")
