"""A service that records when its messages are acknowledged."""

from faststream import AckPolicy, FastStream
from faststream.mqtt import MQTTBroker, QoS

from faststream_otel.mqtt import MQTTTelemetryMiddleware

broker = MQTTBroker(middlewares=[MQTTTelemetryMiddleware(settle_spans=True)])
app = FastStream(broker)


@broker.subscriber("shipments", qos=QoS.AT_LEAST_ONCE, ack_policy=AckPolicy.ACK)
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "shipments", qos=QoS.AT_LEAST_ONCE)
