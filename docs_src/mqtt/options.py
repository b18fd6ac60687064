"""A service that chooses what its middleware records."""

from typing import Any

from faststream import FastStream
from faststream.mqtt import MQTTBroker, MQTTMessage
from opentelemetry.trace import Span

from faststream_otel.mqtt import MQTTTelemetryMiddleware


def add_customer(span: Span, message: MQTTMessage) -> None:
    span.set_attribute("app.customer.id", message.headers["customer"])


broker = MQTTBroker(
    middlewares=[
        MQTTTelemetryMiddleware(
            exclude=["health*"],
            capture_headers=["tenant"],
            consume_hook=add_customer,
            record_body_size=True,
        ),
    ],
)
app = FastStream(broker)


@broker.subscriber("orders")
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea


@broker.subscriber("health")
async def check(_: Any) -> None:
    print("Healthy")
    #> Healthy


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "orders", headers={"tenant": "north", "customer": "42"})
    await broker.publish("ping", "health")
