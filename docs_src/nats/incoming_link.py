"""Two services, the second of which begins a trace for each message."""

from faststream import FastStream
from faststream.nats import NatsBroker

from faststream_otel.nats import NatsTelemetryMiddleware

sender = NatsBroker(middlewares=[NatsTelemetryMiddleware()])
receiver = NatsBroker(middlewares=[NatsTelemetryMiddleware(incoming="link")])
# They start in this order, so that the receiver is there first.
app = FastStream(receiver, sender)


@receiver.subscriber("orders")
async def pack(item: str) -> None:
    print(f"Packing {item}")
    #> Packing tea


@app.after_startup
async def order() -> None:
    await sender.publish("tea", "orders")
