"""Three handlers, first to second to third, with one trace through all of them."""

from faststream import FastStream
from faststream.rabbit import RabbitBroker

from faststream_otel.rabbit import RabbitTelemetryMiddleware


def connect() -> RabbitBroker:
    return RabbitBroker(middlewares=[RabbitTelemetryMiddleware()])


first_broker, second_broker, third_broker = connect(), connect(), connect()


@first_broker.subscriber("first")
@first_broker.publisher("second")
async def greet(name: str) -> str:
    return f"Hello, {name}"


@second_broker.subscriber("second")
@second_broker.publisher("third")
async def exclaim(text: str) -> str:
    return f"{text}!"


@third_broker.subscriber("third")
async def show(text: str) -> None:
    print(text)
    #> Hello, Ada!


first = FastStream(first_broker)
second = FastStream(second_broker)
third = FastStream(third_broker)
app = FastStream(first_broker, second_broker, third_broker)
