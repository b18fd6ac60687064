"""A service, and tests that look closer: attributes, baggage, logs, and waiting."""

import asyncio
import logging

from faststream.kafka import KafkaBroker

from faststream_otel import CurrentBaggage
from faststream_otel.kafka import KafkaTelemetryMiddleware
from faststream_otel.testing import RecordTelemetry, assert_trace, in_memory

broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
logger = logging.getLogger("shop")


@broker.subscriber("orders")
@broker.publisher("invoices")
async def take_order(item: str, baggage: CurrentBaggage) -> str:
    baggage.set("tenant", "acme")
    logger.warning("The last %s is sold", item)
    return f"1 {item}"


@broker.subscriber("invoices")
async def send_invoice(text: str) -> None: ...


def order(item: str) -> None:
    async def main() -> None:
        async with in_memory(broker):
            await broker.publish(item, "orders")

    asyncio.run(main())


def test_attributes_of_an_order(record_telemetry: RecordTelemetry) -> None:
    recording = record_telemetry(broker)
    order("lamp")
    assert_trace(
        recording.trace(),
        """
        publish orders
          process orders {messaging.system=kafka, messaging.message.id=...}
            ...
        """,
    )


def test_the_tenant_travels_with_the_invoice(record_telemetry: RecordTelemetry) -> None:
    recording = record_telemetry(broker)
    order("lamp")
    assert not recording.trace().find("process orders").baggage
    assert recording.trace().find("process invoices").baggage == {"tenant": "acme"}


def test_the_last_one_is_logged(record_telemetry: RecordTelemetry) -> None:
    recording = record_telemetry(broker)
    order("lamp")
    (log,) = recording.logs(recording.trace().find("process orders"))
    assert (log.level, log.message) == ("WARNING", "The last lamp is sold")


def test_waiting_for_the_invoice(record_telemetry: RecordTelemetry) -> None:
    recording = record_telemetry(broker)

    async def main() -> None:
        async with in_memory(broker):
            await broker.publish("lamp", "orders")
            await recording.wait_for(
                """
                publish orders
                  process orders
                    publish invoices
                      process invoices
                """,
                timeout=5,
            )

    asyncio.run(main())


def test_the_same_as_last_time(record_telemetry: RecordTelemetry) -> None:
    recording = record_telemetry(broker, reproducible=True)
    order("lamp")
    shape = recording.trace().shape(attributes=["messaging.destination.name"])
    assert shape.splitlines() == [
        "publish orders [PRODUCER] {messaging.destination.name=orders}",
        "  process orders [CONSUMER] {messaging.destination.name=orders}",
        "    publish invoices [PRODUCER] {messaging.destination.name=invoices}",
        "      process invoices [CONSUMER] {messaging.destination.name=invoices}",
    ]
