"""A service that prints the context that arrives with a message."""

from faststream import FastStream
from faststream.mqtt import MQTTBroker, MQTTMessage

from faststream_otel.mqtt import MQTTTelemetryMiddleware

broker = MQTTBroker(middlewares=[MQTTTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("greetings")
async def greet(message: MQTTMessage) -> None:
    print(message.headers["traceparent"])
    #> 00-cd613e30d8f16adf91b7584a2265b1f5-1027c4d1c386bbc4-03


@app.after_startup
async def say_hello() -> None:
    await broker.publish("Ada", "greetings")
