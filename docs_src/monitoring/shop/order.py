"""Takes orders over HTTP, asks for the price of the share, and passes orders on."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Header, Response
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

from faststream_otel import CurrentBaggage, CurrentSpan

from .broker import asking, broker, publisher
from .messages import Order
from .telemetry import exporting

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)

orders = publisher("orders")
ask_price = asking("quotes")


@asynccontextmanager
async def running(_: FastAPI) -> AsyncIterator[None]:
    async with exporting(), broker:
        await broker.start()
        yield


app = FastAPI(title="order", lifespan=running)
FastAPIInstrumentor.instrument_app(
    app, excluded_urls="health", exclude_spans=["receive", "send"]
)


@app.post("/orders", status_code=202)
async def place(
    order: Order,
    span: CurrentSpan,
    baggage: CurrentBaggage,
    customer_tier: Annotated[str, Header()] = "standard",
) -> Order:
    # From here on it goes with every message that follows from this request.
    baggage.set("customer.tier", customer_tier)
    span.set_attribute("shop.customer.tier", customer_tier)
    with tracer.start_as_current_span("price order") as pricing:
        pricing.set_attribute("shop.symbol", order.symbol)
        try:
            order.price = await ask_price(order.symbol)
        except Exception:
            logger.warning("No price for %s, any is taken", order.symbol, exc_info=True)
    await orders.publish(order)
    logger.info("Took an order for %s %s", order.quantity, order.symbol)
    return order


@app.get("/health")
async def health() -> Response:
    return Response(status_code=204 if await broker.ping(timeout=5) else 503)
