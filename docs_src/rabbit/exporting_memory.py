"""A service that keeps its spans in memory, and prints their names when it stops."""

from faststream import FastStream
from faststream.rabbit import RabbitBroker
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from faststream_otel.rabbit import RabbitTelemetryMiddleware

exporter = InMemorySpanExporter()
tracer_provider = TracerProvider()
tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(tracer_provider)

broker = RabbitBroker(middlewares=[RabbitTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("orders")
async def pack(order: str) -> None:
    print(f"Packing {order}")
    #> Packing tea


@app.after_startup
async def place_order() -> None:
    await broker.publish("tea", "orders")


@app.after_shutdown
async def show_spans() -> None:
    for span in exporter.get_finished_spans():
        print(span.name)
        #> publish orders
        #> process orders
