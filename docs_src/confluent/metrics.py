"""A service that counts its messages, and shows the counts when it stops."""

from faststream import FastStream
from faststream.confluent import KafkaBroker
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    DataPointT,
    InMemoryMetricReader,
    NumberDataPoint,
)

from faststream_otel.confluent import KafkaTelemetryMiddleware

reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))

broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders", group_id="pack", auto_offset_reset="earliest")
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea
    #> Packing cake


@app.after_startup
async def place_orders() -> None:
    for order in ("tea", "cake"):
        await broker.publish(order, "orders")


def amount(point: DataPointT) -> float:
    return point.value if isinstance(point, NumberDataPoint) else point.count


@app.after_shutdown
async def show_metrics() -> None:
    data = reader.get_metrics_data()
    for scope in data.resource_metrics[0].scope_metrics if data else ():
        for metric in scope.metrics:
            for point in metric.data.data_points:
                print(f"{metric.name}: {amount(point)}")
                #> messaging.client.operation.duration: 2
                #> messaging.client.sent.messages: 2
                #> messaging.process.duration: 2
                #> messaging.client.consumed.messages: 2
