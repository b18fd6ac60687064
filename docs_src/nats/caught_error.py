"""A handler that catches an error, and records it on its span."""

from faststream import FastStream
from faststream.nats import NatsBroker
from opentelemetry.trace import StatusCode

from faststream_otel import CurrentSpan
from faststream_otel.nats import NatsTelemetryMiddleware

broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])
app = FastStream(broker)


def weigh(item: str) -> float:
    raise OSError(f"no scale for {item}")


@broker.subscriber("orders")
async def pack(item: str, span: CurrentSpan) -> None:
    try:
        weight = weigh(item)
    except OSError as error:
        span.record_exception(error)
        span.set_status(StatusCode.ERROR, str(error))
        weight = 1.0
    print(f"{item}: {weight} kg")
    #> tea: 1.0 kg


@app.after_startup
async def order() -> None:
    await broker.publish("tea", "orders")
