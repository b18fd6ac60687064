"""Three handlers, first to second to third, with one trace through all of them."""

from faststream import FastStream
from faststream.kafka import KafkaBroker

from faststream_otel.kafka import KafkaTelemetryMiddleware


def connect() -> KafkaBroker:
    return KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])


first_broker, second_broker, third_broker = connect(), connect(), connect()


@first_broker.subscriber("first", group_id="greet", auto_offset_reset="earliest")
@first_broker.publisher("second")
async def greet(name: str) -> str:
    return f"Hello, {name}"


@second_broker.subscriber("second", group_id="exclaim", auto_offset_reset="earliest")
@second_broker.publisher("third")
async def exclaim(text: str) -> str:
    return f"{text}!"


@third_broker.subscriber("third", group_id="show", auto_offset_reset="earliest")
async def show(text: str) -> None:
    print(text)
    #> Hello, Ada!


first = FastStream(first_broker)
second = FastStream(second_broker)
third = FastStream(third_broker)
app = FastStream(first_broker, second_broker, third_broker)
