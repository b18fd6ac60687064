"""A service that puts one baggage entry on the spans of its handlers."""

from faststream import FastStream
from faststream.rabbit import RabbitBroker, RabbitMessage
from opentelemetry import baggage
from opentelemetry.trace import Span

from faststream_otel import CurrentBaggage
from faststream_otel.rabbit import RabbitTelemetryMiddleware


def add_tenant(span: Span, _: RabbitMessage) -> None:
    tenant = baggage.get_baggage("tenant")
    if isinstance(tenant, str):
        span.set_attribute("app.tenant", tenant)


broker = RabbitBroker(
    middlewares=[
        RabbitTelemetryMiddleware(baggage_keys=["tenant"], consume_hook=add_tenant),
    ],
)
app = FastStream(broker)


@broker.subscriber("orders")
async def pack(order: str, baggage: CurrentBaggage) -> None:
    print(f"Packing {order}, knowing {baggage.get_all()}")
    #> Packing tea, knowing {'tenant': 'north'}


@app.after_startup
async def place_order() -> None:
    await broker.publish(
        "tea", "orders", headers={"baggage": "tenant=north,secret=7"}
    )
