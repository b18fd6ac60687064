"""A service that sends its answer to the topic that the question names."""

from faststream import FastStream
from faststream.confluent import KafkaBroker

from faststream_otel.confluent import KafkaTelemetryMiddleware

broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("prices", group_id="tell_price", auto_offset_reset="earliest")
async def tell_price(item: str) -> str:
    return f"{item}: 3 euros"


@broker.subscriber("answers", group_id="bill", auto_offset_reset="earliest")
async def bill(price: str) -> None:
    print(price)
    #> tea: 3 euros


@app.after_startup
async def ask() -> None:
    await broker.publish("tea", "prices", reply_to="answers")
