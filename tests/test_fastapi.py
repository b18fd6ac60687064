"""Handlers of FastAPI routers get what other handlers get."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from faststream_otel import CurrentBaggage, CurrentSpan
from faststream_otel.testing import SpanRecorder, in_memory
from tests.kinds import KINDS, Kind, every_kind

if TYPE_CHECKING:
    from collections.abc import Callable

# FastStream announces that its routers move to a package of their own.
pytestmark = pytest.mark.filterwarnings("ignore:The integration has been moved")

ROUTERS = {"rabbit": "RabbitRouter", "nats": "NatsRouter", "mqtt": "MQTTRouter"}


def fastapi_router(kind: Kind, **options: Any) -> Any:
    """Make FastStream's router for FastAPI."""
    package = kind.name.partition("-")[0]
    module = import_module(f"faststream.{package}.fastapi")
    names = {"kafka": "KafkaRouter", "confluent": "KafkaRouter", "redis": "RedisRouter"}
    return getattr(module, {**names, **ROUTERS}[package])(**options)


def traced_router(kind: Kind, recorder: SpanRecorder) -> Any:
    """Make FastStream's router for FastAPI, traced."""
    provider = TracerProvider()
    provider.add_span_processor(recorder)
    return fastapi_router(kind, middlewares=[kind.middleware(tracer_provider=provider)])


@every_kind
@pytest.mark.parametrize("sync", [False, True])
def test_span_and_baggage_in_a_router(kind: Kind, sync: bool) -> None:
    """`CurrentSpan` is the process span; baggage that is set is sent on."""
    recorder = SpanRecorder()
    router = traced_router(kind, recorder)
    seen: list[Any] = []

    def work(message: str, span: CurrentSpan, bag: CurrentBaggage) -> str:
        assert span is trace.get_current_span()
        span.set_attribute("app.order", message)
        bag.set("tenant", "acme")
        return message

    async def work_async(message: str, span: CurrentSpan, bag: CurrentBaggage) -> str:
        return work(message, span, bag)

    handler: Callable[..., Any] = work if sync else work_async
    kind.subscriber(router, "orders")(kind.publisher(router, "next")(handler))

    @kind.subscriber(router, "next")
    async def next_handler(message: str, bag: CurrentBaggage) -> None:
        seen.append(bag.get_all())

    app = FastAPI(lifespan=None)
    app.include_router(router)

    async def main() -> None:
        async with in_memory(router.broker) as deliveries:
            await kind.publish(router.broker, "17", "orders")
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())
    process = recorder.trace().spans[1]
    assert (process.name, process.attributes["app.order"]) == ("process orders", "17")
    assert seen == [{"tenant": "acme"}]


def test_http_in_and_message_out() -> None:
    """A publish from an HTTP handler belongs to what is current there."""
    kind = KINDS[0]
    recorder = SpanRecorder()
    router = traced_router(kind, recorder)
    provider = TracerProvider()
    provider.add_span_processor(recorder)

    @router.get("/")
    async def index() -> str:
        with provider.get_tracer(__name__).start_as_current_span("GET /"):
            await kind.publish(router.broker, "17", "orders")
        return "sent"

    @kind.subscriber(router, "orders")
    async def handle(message: str) -> None: ...

    app = FastAPI()
    app.include_router(router)

    async def main() -> None:
        transport = httpx.ASGITransport(app)
        async with (
            in_memory(router.broker) as deliveries,
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            assert (await client.get("/")).json() == "sent"
            await deliveries.settled()

    asyncio.run(main())
    assert [(s.name, s.parent_id is None) for s in recorder.trace().spans] == [
        ("GET /", True),
        ("publish orders", False),
        ("process orders", False),
    ]
    assert len({span.trace_id for span in recorder.trace().spans}) == 1
