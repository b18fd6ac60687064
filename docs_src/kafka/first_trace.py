"""A service whose first message shows up as a trace."""

from faststream import FastStream
from faststream.kafka import KafkaBroker
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from faststream_otel import CurrentSpan
from faststream_otel.console import TreeSpanExporter
from faststream_otel.kafka import KafkaTelemetryMiddleware

tracer_provider = TracerProvider(resource=Resource.create({"service.name": "greeter"}))
tracer_provider.add_span_processor(SimpleSpanProcessor(TreeSpanExporter()))
trace.set_tracer_provider(tracer_provider)

broker = KafkaBroker(middlewares=[KafkaTelemetryMiddleware()])
app = FastStream(broker)


@broker.subscriber("greetings", group_id="greet", auto_offset_reset="earliest")
async def greet(name: str, span: CurrentSpan) -> None:
    span.set_attribute("app.greeting.name", name)
    print(f"Hello, {name}!")
    #> Hello, Ada!


@app.after_startup
async def say_hello() -> None:
    await broker.publish("Ada", "greetings")
