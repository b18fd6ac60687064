"""The smallest service with tracing."""

from faststream import FastStream
from faststream.rabbit import RabbitBroker

from faststream_otel.rabbit import RabbitTelemetryMiddleware

broker = RabbitBroker(middlewares=[RabbitTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("greetings")
async def greet(name: str) -> None:
    print(f"Hello, {name}!")
    #> Hello, Ada!


@app.after_startup
async def say_hello() -> None:
    await broker.publish("Ada", "greetings")
