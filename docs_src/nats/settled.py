"""A service that records when its messages are acknowledged."""

from faststream import AckPolicy, FastStream
from faststream.nats import NatsBroker, PullSub

from faststream_otel.nats import NatsTelemetryMiddleware

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware(settle_spans=True)])
app = FastStream(broker)


@broker.subscriber(
    "shipments",
    stream="shipments",
    durable="packers",
    pull_sub=PullSub(),
    ack_policy=AckPolicy.ACK,
)
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "shipments", stream="shipments")
