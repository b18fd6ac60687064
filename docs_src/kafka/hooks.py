"""Hooks that name and enrich the spans of all messages of a broker."""

from typing import Any

from faststream import FastStream, PublishCommand, StreamMessage
from faststream.kafka import KafkaBroker
from opentelemetry.trace import Span

from faststream_otel.kafka import KafkaTelemetryMiddleware


def sending(span: Span, command: PublishCommand) -> None:
    span.set_attribute("app.tenant", command.headers["tenant"])


def received(span: Span, message: StreamMessage[Any]) -> None:
    span.update_name(f"pack for {message.headers['tenant']}")


broker = KafkaBroker(
    middlewares=[
        KafkaTelemetryMiddleware(publish_hook=sending, consume_hook=received)
    ]
)
app = FastStream(broker)


@broker.subscriber("orders", group_id="pack", auto_offset_reset="earliest")
async def pack(item: str) -> None: ...


@app.after_startup
async def order() -> None:
    await broker.publish("tea", "orders", headers={"tenant": "acme"})
