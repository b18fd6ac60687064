"""A service that records when its messages are acknowledged."""

from faststream import AckPolicy, FastStream
from faststream.rabbit import RabbitBroker

from faststream_otel.rabbit import RabbitTelemetryMiddleware

broker = RabbitBroker(middlewares=[RabbitTelemetryMiddleware(settle_spans=True)])
app = FastStream(broker)


@broker.subscriber("shipments", ack_policy=AckPolicy.ACK)
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "shipments")
