"""A service that chooses what its middleware records."""

from typing import Any

from faststream import FastStream
from faststream.confluent import KafkaBroker, KafkaMessage
from opentelemetry.trace import Span

from faststream_otel.confluent import KafkaTelemetryMiddleware


def add_customer(span: Span, message: KafkaMessage) -> None:
    span.set_attribute("app.customer.id", message.headers["customer"])


broker = KafkaBroker(
    middlewares=[
        KafkaTelemetryMiddleware(
            exclude=["health*"],
            capture_headers=["tenant"],
            consume_hook=add_customer,
            record_body_size=True,
        ),
    ],
)
app = FastStream(broker)


@broker.subscriber("orders", group_id="pack", auto_offset_reset="earliest")
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea


@broker.subscriber("health", group_id="check", auto_offset_reset="earliest")
async def check(_: Any) -> None:
    print("Healthy")
    #> Healthy


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "orders", headers={"tenant": "north", "customer": "42"})
    await broker.publish("ping", "health")
