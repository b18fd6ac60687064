"""The smallest service with tracing."""

from faststream import FastStream
from faststream.confluent import KafkaBroker

from faststream_otel.confluent import KafkaTelemetryMiddleware

broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("greetings", group_id="greet", auto_offset_reset="earliest")
async def greet(name: str) -> None:
    print(f"Hello, {name}!")
    #> Hello, Ada!


@app.after_startup
async def say_hello() -> None:
    await broker.publish("Ada", "greetings")
