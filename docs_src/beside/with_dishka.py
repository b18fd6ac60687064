"""dishka creates a dependency inside the span of the message that needs it."""

import asyncio

from dishka import FromDishka, Provider, Scope, make_async_container, provide
from dishka_faststream import FastStreamProvider, inject, setup_dishka
from faststream.nats import NatsBroker
from opentelemetry import trace

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory, record, render


class Warehouse:
    def __init__(self) -> None:
        with trace.get_tracer("shop").start_as_current_span("open warehouse"):
            self.opened = True


class Warehouses(Provider):
    warehouse = provide(Warehouse, scope=Scope.REQUEST)


broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()])
container = make_async_container(Warehouses(), FastStreamProvider())
setup_dishka(container, broker=broker)


@broker.subscriber("orders")
@inject
async def pack(order: str, warehouse: FromDishka[Warehouse]) -> None:
    print(f"Packing {order}:", warehouse.opened)


async def main() -> None:
    async with in_memory(broker) as deliveries:
        await broker.start()
        await broker.publish("tea", "orders")
        await deliveries.settled()


with record(broker, reproducible=True, service="shop") as recording:
    asyncio.run(main())
print(render(recording.trace()))
