"""A handler that reads the baggage of each message of a batch."""

from faststream import FastStream
from faststream.nats import NatsBroker, PullSub

from faststream_otel import Baggage, CurrentBaggage
from faststream_otel.nats import NatsTelemetryMiddleware

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber(
    "crates", stream="crates", durable="packers", pull_sub=PullSub(batch=True)
)
async def pack(orders: list[str], baggage: CurrentBaggage) -> None:
    print(orders)
    #> ['tea']
    print(baggage.get_all())
    #> {'tenant': 'north'}
    print(baggage.get_all_batch())
    #> [{'tenant': 'north'}]


@app.after_startup
async def place_orders() -> None:
    headers = Baggage({"tenant": "north"}).to_headers()
    await broker.publish("tea", "crates", stream="crates", headers=headers)
