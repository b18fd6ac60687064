"""The smallest service with tracing."""

from faststream import FastStream
from faststream.nats import NatsBroker

from faststream_otel.nats import NatsTelemetryMiddleware

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("greetings")
async def greet(name: str) -> None:
    print(f"Hello, {name}!")
    #> Hello, Ada!


@app.after_startup
async def say_hello() -> None:
    await broker.publish("Ada", "greetings")
