"""What a move changes, as its page says: FastStream's own middleware, then ours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from faststream import Context
from faststream.exceptions import NackMessage
from opentelemetry import baggage, context, propagate
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from faststream_otel.testing import SpanRecorder, in_memory
from guide.moving import OWN
from tests.kinds import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"

NATS = next(kind for kind in KINDS if kind.name == "nats")


class Service:
    """A broker with one of the two, what it handled, and what was recorded."""

    def __init__(self, kind: Kind, middleware: Any) -> None:
        self.kind = kind
        self.is_ours = middleware is kind.middleware
        self.recorder = SpanRecorder()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(self.recorder)
        self.broker = kind.broker(
            middlewares=[middleware(tracer_provider=self.provider)]
        )
        self.handled: list[Any] = []

    def run(self, handle: Callable[[Any], Any], **options: Any) -> Any:
        """Send one message, and let `handle` have it as FastStream made it."""

        @self.kind.subscriber(self.broker, "orders")
        async def handler(order: str, message: Any = Context("message")) -> None:
            self.handled.append(message)
            handle(message)

        async def main() -> None:
            async with in_memory(self.broker) as deliveries:
                await self.kind.publish(self.broker, "tea", "orders", **options)
                await deliveries.settled()

        asyncio.run(main())

    def processes(self) -> list[Any]:
        """The spans of the messages that were handled."""
        spans = self.recorder.trace().spans
        return [span for span in spans if "process" in span.name.split()]

    def process(self) -> Any:
        """The span of the message that was handled."""
        (span,) = self.processes()
        return span


@pytest.fixture(params=KINDS, ids=str)
def kind(request: pytest.FixtureRequest) -> Kind:
    """A broker."""
    found: Kind = request.param
    return found


@pytest.fixture(params=["theirs", "ours"])
def service(request: pytest.FixtureRequest, kind: Kind) -> Service:
    """A service on that broker, with one of the two."""
    theirs = OWN[kind.name.partition("-")[0]]
    return Service(kind, kind.middleware if request.param == "ours" else theirs)


def nothing(message: Any) -> None:
    """Handle it."""


def test_decisions(service: Service) -> None:
    """To FastStream's own, what a handler decides is an error."""
    refused: list[Any] = []

    def nack(message: Any) -> None:
        # It comes again, and is taken then.
        if not refused:
            refused.append(message)
            raise NackMessage

    service.run(nack)
    process, *_ = service.processes()
    assert process.status == ("UNSET" if service.is_ours else "ERROR")
    decision = process.attributes.get("faststream.message.decision")
    assert decision == ("nack" if service.is_ours else None)


class Shout(TextMapPropagator):
    """A propagator with a header of its own."""

    def inject(self, carrier: Any, context: Any = None, setter: Any = None) -> None:
        carrier["shout"] = "hello"

    def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Any:
        return context

    @property
    def fields(self) -> set[str]:
        return {"shout"}


def test_propagator(service: Service) -> None:
    """FastStream's own sends W3C's headers, whatever is configured."""
    configured = propagate.get_global_textmap()
    propagate.set_global_textmap(Shout())
    try:
        service.run(nothing)
    finally:
        propagate.set_global_textmap(configured)
    (message,) = service.handled
    assert ("shout" in message.headers) is service.is_ours
    assert ("traceparent" in message.headers) is not service.is_ours


def test_headers_of_the_caller(service: Service) -> None:
    """FastStream's own writes into the dictionary that it is given."""
    headers = {"tenant": "acme"}
    service.run(nothing, headers=headers)
    assert (headers == {"tenant": "acme"}) is service.is_ours


@pytest.mark.parametrize("value", [b"a=b", 7], ids=repr)
@pytest.mark.parametrize("ours", [False, True], ids=["theirs", "ours"])
def test_headers_that_are_no_text(value: Any, *, ours: bool) -> None:
    """With FastStream's own, the handler of such a message does not run."""
    middleware = NATS.middleware if ours else OWN["nats"]
    service = Service(NATS, lambda **options: Sends(middleware(**options), value))
    service.run(nothing)
    assert len(service.handled) == int(ours)


class Sends:
    """A middleware, with a message whose `baggage` is what another sent."""

    def __init__(self, middleware: Any, value: Any) -> None:
        self.middleware, self.value = middleware, value

    def __call__(self, msg: Any, /, *, context: Any) -> Any:
        if msg is not None:
            msg.header["baggage"] = self.value
        return self.middleware(msg, context=context)


def test_baggage_of_the_api(service: Service) -> None:
    """Only ours sends and receives what OpenTelemetry's API has."""
    found: list[object] = []
    token = context.attach(baggage.set_baggage("customer", "Ada"))
    try:
        service.run(lambda message: found.append(baggage.get_baggage("customer")))
    finally:
        context.detach(token)
    assert ("baggage" in service.handled[0].headers) is service.is_ours


def test_a_message_that_is_not_sampled(service: Service) -> None:
    """FastStream's own begins a sampled trace with what the handler sends."""
    kind, broker = service.kind, service.broker
    outside = kind.broker()

    @kind.subscriber(broker, "orders")
    @kind.publisher(broker, "invoices")
    async def bill(order: str) -> str:
        return order

    @kind.subscriber(broker, "invoices")
    async def send(invoice: str, message: Any = Context("message")) -> None:
        service.handled.append(message)

    async def main() -> None:
        async with in_memory(outside, broker) as deliveries:
            headers = {"traceparent": NOT_SAMPLED}
            await kind.publish(outside, "tea", "orders", headers=headers)
            await deliveries.settled()

    asyncio.run(main())
    (message,) = service.handled
    _, trace_id, _, flags = message.headers["traceparent"].split("-")
    assert (trace_id in NOT_SAMPLED) is service.is_ours
    assert (int(flags, 16) & 1 == 0) is service.is_ours
    assert (service.recorder.trace().spans == ()) is service.is_ours


def test_counters(kind: Kind) -> None:
    """FastStream's own counts on RabbitMQ only when it is told to."""
    counted = {}
    broker = kind.name.partition("-")[0]
    for middleware in (OWN[broker], kind.middleware):
        reader = InMemoryMetricReader()
        made = kind.broker(
            middlewares=[middleware(meter_provider=MeterProvider([reader]))]
        )

        async def main(broker: Any = made) -> None:
            async with in_memory(broker):
                await kind.publish(broker, "tea", "orders")

        asyncio.run(main())
        data: Any = reader.get_metrics_data()
        names = {
            metric.name
            for scope in data.resource_metrics[0].scope_metrics
            for metric in scope.metrics
        }
        counted[middleware] = any(name.endswith("messages") for name in names)
    assert list(counted.values()) == [broker != "rabbit", True]


def test_scope(service: Service) -> None:
    """By its name a view or a processor tells the two apart."""
    exporter = InMemorySpanExporter()
    service.provider.add_span_processor(SimpleSpanProcessor(exporter))
    service.run(nothing)
    scopes = {span.instrumentation_scope for span in exporter.get_finished_spans()}
    names = {(scope.name, scope.schema_url) for scope in scopes if scope}
    schemas = "https://opentelemetry.io/schemas"
    assert names == {
        ("faststream_otel", f"{schemas}/1.44.0")
        if service.is_ours
        else ("opentelemetry.instrumentation.faststream", f"{schemas}/1.11.0")
    }
