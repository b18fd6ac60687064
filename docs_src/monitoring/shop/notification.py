"""Tells the customer, and files the receipts, many at a time."""

import logging

from faststream.asgi import AsgiFastStream, make_ping_asgi
from opentelemetry import trace

from faststream_otel import CurrentBaggage, CurrentSpan

from .broker import batches, broker, publisher, subscriber
from .messages import Receipt, Trade
from .telemetry import exporting

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)

app = AsgiFastStream(
    broker,
    lifespan=exporting,
    asgi_routes=[("/health", make_ping_asgi(broker, timeout=5))],
)


@subscriber("trades")
@publisher("receipts")
async def tell(trade: Trade, baggage: CurrentBaggage) -> Receipt:
    channel = "phone" if baggage.get("customer.tier") == "gold" else "mail"
    with tracer.start_as_current_span(f"send {channel}") as sending:
        sending.set_attribute("shop.symbol", trade.symbol)
        logger.info("Told by %s: %s %s", channel, trade.quantity, trade.symbol)
    return Receipt(text=f"{trade.quantity} {trade.symbol}", channel=channel)


@batches("receipts")
async def file(receipts: list[Receipt] | Receipt, span: CurrentSpan) -> None:
    # RabbitMQ and MQTT give one at a time.
    count = len(receipts) if isinstance(receipts, list) else 1
    span.set_attribute("shop.receipts", count)
    logger.info("Filed %s receipts", count)
