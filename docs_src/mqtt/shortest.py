"""The smallest service with tracing."""

from faststream import FastStream
from faststream.mqtt import MQTTBroker

from faststream_otel.mqtt import MQTTTelemetryMiddleware

broker = MQTTBroker(middlewares=[MQTTTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("greetings")
async def greet(name: str) -> None:
    print(f"Hello, {name}!")
    #> Hello, Ada!


@app.after_startup
async def say_hello() -> None:
    await broker.publish("Ada", "greetings")
