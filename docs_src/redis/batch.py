"""Three messages that are sent as one batch, and handled as one."""

from faststream import FastStream
from faststream.redis import ListSub, RedisBroker

from faststream_otel.redis import RedisTelemetryMiddleware

broker = RedisBroker(middlewares=[RedisTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber(list=ListSub("parcels", batch=True))
async def pack(items: list[str]) -> None:
    print(items)
    #> ['tea', 'cake', 'milk']


@app.after_startup
async def order() -> None:
    await broker.publish_batch("tea", "cake", "milk", list="parcels")
