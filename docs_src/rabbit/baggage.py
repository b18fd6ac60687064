"""Four handlers: one adds baggage, one changes it, one clears it, and one has none."""

from faststream import FastStream
from faststream.rabbit import RabbitBroker

from faststream_otel import CurrentBaggage
from faststream_otel.rabbit import RabbitTelemetryMiddleware

broker = RabbitBroker(middlewares=[RabbitTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders")
@broker.publisher("payments")
async def take(order: str, baggage: CurrentBaggage) -> str:
    baggage.set("tenant", "north")
    baggage.set("tier", "free")
    return order


@broker.subscriber("payments")
@broker.publisher("parcels")
async def pay(order: str, baggage: CurrentBaggage) -> str:
    print(baggage.get_all())
    #> {'tenant': 'north', 'tier': 'free'}
    baggage.set("tier", "gold")
    baggage.remove("tenant")
    return order


@broker.subscriber("parcels")
@broker.publisher("receipts")
async def pack(order: str, baggage: CurrentBaggage) -> str:
    print(baggage.get("tier"))
    #> gold
    baggage.clear()
    return order


@broker.subscriber("receipts")
async def thank(order: str, baggage: CurrentBaggage) -> None:
    print(f"{order}: {baggage.get_all()}")
    #> tea: {}


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "orders")
