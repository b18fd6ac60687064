"""Three messages that are sent as one batch, and handled as one."""

from faststream import FastStream
from faststream.confluent import KafkaBroker

from faststream_otel.confluent import KafkaTelemetryMiddleware

broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("parcels", batch=True, group_id="pack", auto_offset_reset="earliest")
async def pack(items: list[str]) -> None:
    print(items)
    #> ['tea', 'cake', 'milk']


@app.after_startup
async def order() -> None:
    await broker.publish_batch("tea", "cake", "milk", topic="parcels")
