"""Metrics with two attributes each, and buckets for handlers that take minutes."""

import asyncio

from faststream.nats import NatsBroker
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import in_memory

KEPT = {"messaging.operation.name", "messaging.destination.template"}

reader = InMemoryMetricReader()
provider = MeterProvider(
    [reader],
    views=[
        View(instrument_name="messaging.client.*", attribute_keys=KEPT),
        View(
            instrument_name="messaging.process.duration",
            attribute_keys=KEPT,
            aggregation=ExplicitBucketHistogramAggregation([1, 10, 60, 600]),
        ),
    ],
)
telemetry = NatsTelemetryMiddleware(
    meter_provider=provider, destination_templates=["reports.{user}"]
)
broker = NatsBroker(middlewares=[telemetry])


@broker.subscriber("reports.*")
async def write(report: str) -> None: ...


async def main() -> None:
    async with in_memory(broker) as deliveries:
        await broker.start()
        for user in range(100):
            await broker.publish("a report", f"reports.{user}")
        await deliveries.settled()


asyncio.run(main())
data = reader.get_metrics_data()
for scope in data.resource_metrics[0].scope_metrics if data else ():
    for metric in scope.metrics:
        print(metric.name)
        for point in metric.data.data_points:
            print("   ", *sorted(map(str, (point.attributes or {}).values())))
