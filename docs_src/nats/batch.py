"""A message that is handled in a batch, with any others that are waiting."""

from faststream import FastStream
from faststream.nats import NatsBroker, PullSub

from faststream_otel.nats import NatsTelemetryMiddleware

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("parcels", stream="parcels", pull_sub=PullSub(batch=True))
async def pack(items: list[str]) -> None:
    print(items)
    #> ['tea']


@app.after_startup
async def order() -> None:
    await broker.publish("tea", "parcels", stream="parcels")
