"""A handler that reads the baggage of each message of a batch."""

from faststream import FastStream
from faststream.confluent import KafkaBroker

from faststream_otel import Baggage, CurrentBaggage
from faststream_otel.confluent import KafkaTelemetryMiddleware

broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("crates", batch=True, group_id="pack", auto_offset_reset="earliest")
async def pack(orders: list[str], baggage: CurrentBaggage) -> None:
    print(orders)
    #> ['tea', 'cake']
    print(baggage.get_all())
    #> {'tenant': 'north'}
    print(baggage.get_all_batch())
    #> [{'tenant': 'north'}, {'tenant': 'north'}]


@app.after_startup
async def place_orders() -> None:
    headers = Baggage({"tenant": "north"}).to_headers()
    await broker.publish_batch("tea", "cake", topic="crates", headers=headers)
