"""Two services: the second begins a new trace for each message."""

from faststream import FastStream
from faststream.kafka import KafkaBroker

from faststream_otel.kafka import KafkaTelemetryMiddleware

sender = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
receiver = KafkaBroker(middlewares=[KafkaTelemetryMiddleware(incoming="link")])
# The receiver comes first, so that it is subscribed before the sender publishes.
app = FastStream(receiver, sender)


@receiver.subscriber("orders", group_id="pack", auto_offset_reset="earliest")
async def pack(item: str) -> None:
    print(f"Packing {item}")
    #> Packing tea


@app.after_startup
async def order() -> None:
    await sender.publish("tea", "orders")
