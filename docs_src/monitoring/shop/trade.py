"""Buys the shares. Some orders fail here, and some it rejects."""

import logging

from faststream.asgi import AsgiFastStream, make_ping_asgi
from faststream.exceptions import RejectMessage
from opentelemetry import trace

from faststream_otel import CurrentBaggage, CurrentSpan

from .broker import answering, broker, publisher, subscriber
from .messages import Order, Trade
from .telemetry import exporting

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)

app = AsgiFastStream(
    broker,
    lifespan=exporting,
    asgi_routes=[("/health", make_ping_asgi(broker, timeout=5))],
)

PRICES = {"TEA": 4.5, "CAKE": 12.0, "HALT": 7.0}
MOST = {"standard": 100, "gold": 1000}


class TradingHaltedError(Exception):
    """Nobody can buy these shares now."""


@answering("quotes")
async def tell_price(symbol: str, span: CurrentSpan) -> float:
    span.set_attribute("shop.symbol", symbol)
    return PRICES[symbol]


@subscriber("orders")
@publisher("trades")
async def buy(order: Order, span: CurrentSpan, baggage: CurrentBaggage) -> Trade:
    tier = baggage.get("customer.tier") or "standard"
    span.set_attribute("shop.customer.tier", tier)
    if order.quantity > MOST[tier]:
        logger.warning("%s %s is too much, tier %s", order.quantity, order.symbol, tier)
        raise RejectMessage
    with tracer.start_as_current_span("match order") as matching:
        matching.set_attribute("shop.symbol", order.symbol)
        if order.symbol == "HALT":
            raise TradingHaltedError(order.symbol)
        price = order.price or PRICES[order.symbol]
    logger.info("Bought %s %s", order.quantity, order.symbol)
    return Trade(
        symbol=order.symbol, quantity=order.quantity, total=price * order.quantity
    )
