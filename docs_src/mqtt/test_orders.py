"""A service, and the tests of its trace, its errors and its metrics."""

import asyncio

from faststream.mqtt import MQTTBroker

from faststream_otel.mqtt import MQTTTelemetryMiddleware
from faststream_otel.testing import RecordTelemetry, assert_trace, in_memory

broker = MQTTBroker(middlewares=[MQTTTelemetryMiddleware()])


@broker.subscriber("orders")
@broker.publisher("invoices")
async def take_order(item: str) -> str:
    if item == "unicorn":
        raise LookupError(item)
    return f"1 {item}"


@broker.subscriber("invoices")
async def send_invoice(text: str) -> None: ...


def order(item: str) -> None:
    async def main() -> None:
        async with in_memory(broker):
            await broker.publish(item, "orders")

    asyncio.run(main())


def test_an_order_leads_to_an_invoice(record_telemetry: RecordTelemetry) -> None:
    recording = record_telemetry(broker)
    order("lamp")
    assert_trace(
        recording.trace(),
        """
        publish orders
          process orders
            publish invoices
              process invoices
        """,
    )


def test_an_unknown_item_is_an_error(record_telemetry: RecordTelemetry) -> None:
    recording = record_telemetry(broker)
    order("unicorn")
    process = recording.trace().find("process orders")
    assert process.status == "ERROR"
    assert process.attributes["error.type"] == "LookupError"


def test_orders_are_counted(record_telemetry: RecordTelemetry) -> None:
    recording = record_telemetry(broker)
    order("lamp")
    order("chair")
    consumed = recording.metrics("messaging.client.consumed.messages")
    counts = {
        point.attributes["messaging.destination.name"]: point.value
        for point in consumed
    }
    assert counts == {"orders": 2, "invoices": 2}
