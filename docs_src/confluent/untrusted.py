"""A service that does not trust the context of its messages."""

from faststream import FastStream
from faststream.confluent import KafkaBroker

from faststream_otel import CurrentBaggage
from faststream_otel.confluent import KafkaTelemetryMiddleware

telemetry = KafkaTelemetryMiddleware(incoming="link", baggage_keys=["tenant"])
broker = KafkaBroker(middlewares=[telemetry])
app = FastStream(broker)


@broker.subscriber("orders", group_id="bill", auto_offset_reset="earliest")
async def bill(order: str, baggage: CurrentBaggage) -> None:
    print(f"{order}: {baggage.get_all()}")
    #> tea: {'tenant': 'acme'}


@app.after_startup
async def order() -> None:
    await broker.publish(
        "tea",
        "orders",
        headers={
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "baggage": "tenant=acme,role=admin",
        },
    )
