"""The smallest service with tracing."""

from faststream import FastStream
from faststream.redis import RedisBroker

from faststream_otel.redis import RedisTelemetryMiddleware

broker = RedisBroker(middlewares=[RedisTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("greetings")
async def greet(name: str) -> None:
    print(f"Hello, {name}!")
    #> Hello, Ada!


@app.after_startup
async def say_hello() -> None:
    await broker.publish("Ada", "greetings")
