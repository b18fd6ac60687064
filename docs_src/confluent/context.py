"""A service that prints the context that arrives with a message."""

from faststream import FastStream
from faststream.confluent import KafkaBroker, KafkaMessage

from faststream_otel.confluent import KafkaTelemetryMiddleware

broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("greetings", group_id="greet", auto_offset_reset="earliest")
async def greet(message: KafkaMessage) -> None:
    print(message.headers["traceparent"])
    #> 00-cd613e30d8f16adf91b7584a2265b1f5-1027c4d1c386bbc4-03


@app.after_startup
async def say_hello() -> None:
    await broker.publish("Ada", "greetings")
