"""A service that sends its last telemetry before it stops, whichever server runs it."""

from faststream import FastStream
from faststream.confluent import KafkaBroker

from faststream_otel import shutdown

broker = KafkaBroker()
app = FastStream(broker, after_shutdown=[shutdown])
asgi = app.as_asgi()


@broker.subscriber("orders", group_id="pack", auto_offset_reset="earliest")
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def order() -> None:
    await broker.publish("tea", "orders")
