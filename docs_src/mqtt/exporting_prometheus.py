"""A service that exposes its metrics to Prometheus."""

from faststream import FastStream
from faststream.mqtt import MQTTBroker
from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client import start_http_server

from faststream_otel.mqtt import MQTTTelemetryMiddleware

resource = Resource.create({"service.name": "shop"})
metrics.set_meter_provider(MeterProvider([PrometheusMetricReader()], resource))

broker = MQTTBroker(middlewares=[MQTTTelemetryMiddleware()])
app = FastStream(broker)


@app.on_startup
async def serve_metrics() -> None:
    start_http_server(9464, "localhost")


@broker.subscriber("orders")
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "orders")
