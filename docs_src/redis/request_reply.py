"""A handler that asks another service, and waits for its answer."""

from faststream import FastStream
from faststream.redis import RedisBroker

from faststream_otel.redis import RedisTelemetryMiddleware

broker = RedisBroker(middlewares=[RedisTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("prices")
async def tell_price(item: str) -> str:
    return f"{item}: 3 euros"


@broker.subscriber("orders")
async def bill(item: str) -> None:
    answer = await broker.request(item, "prices")
    print(await answer.decode())
    #> tea: 3 euros


@app.after_startup
async def order() -> None:
    await broker.publish("tea", "orders")
