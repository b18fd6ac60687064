"""Publish and process spans of single messages, on every broker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from faststream import FastStream
from opentelemetry import context as otel_context
from opentelemetry import trace

from faststream_otel import CurrentSpan, __version__
from faststream_otel.testing import SpanRecorder, Trace, in_memory
from tests.kinds import KINDS, Kind, every_kind

if TYPE_CHECKING:
    from opentelemetry.trace import Span


def run(kind: Kind, broker: Any, message: object, name: str, **options: Any) -> None:
    """Publish one message in memory, and wait until all that follows is done."""

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await kind.publish(broker, message, name, **options)
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())


def tree(recorded: Trace) -> list[str]:
    """Names of the spans, indented by their depth."""
    return ["  " * depth + span.name for depth, span in recorded.walk()]


LINE = [
    "publish first",
    "  process first",
    "    publish second",
    "      process second",
    "        publish third",
    "          process third",
]


@every_kind
def test_a_chain_of_publishers_is_one_line(kind: Kind) -> None:
    """Each hop is the child of the hop before it, in one trace."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "first")
    @kind.publisher(broker, "second")
    async def first(message: str) -> str:
        return message

    @kind.subscriber(broker, "second")
    @kind.publisher(broker, "third")
    async def second(message: str) -> str:
        return message

    @kind.subscriber(broker, "third")
    async def third(message: str) -> None: ...

    run(kind, broker, "hello", "first")
    recorded = recorder.trace()
    assert tree(recorded) == LINE
    assert len({span.trace_id for span in recorded.spans}) == 1
    assert [span.kind for span in recorded.spans] == ["PRODUCER", "CONSUMER"] * 3


@every_kind
def test_publishing_in_a_handler_has_the_same_shape(kind: Kind) -> None:
    """`broker.publish()` in a handler records what `@publisher` does."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "first")
    async def first(message: str) -> None:
        await kind.publish(broker, message, "second")

    @kind.subscriber(broker, "second")
    async def second(message: str) -> None:
        await kind.publish(broker, message, "third")

    @kind.subscriber(broker, "third")
    async def third(message: str) -> None: ...

    run(kind, broker, "hello", "first")
    assert tree(recorder.trace()) == LINE


@every_kind
def test_every_publisher_of_a_handler_has_its_own_span(kind: Kind) -> None:
    """Two publishers on one handler make siblings, each with its consumer."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "first")
    @kind.publisher(broker, "left")
    @kind.publisher(broker, "right")
    async def first(message: str) -> str:
        return message

    @kind.subscriber(broker, "left")
    async def left(message: str) -> None: ...

    @kind.subscriber(broker, "right")
    async def right(message: str) -> None: ...

    run(kind, broker, "hello", "first")
    assert sorted(tree(recorder.trace())) == sorted(
        [
            "publish first",
            "  process first",
            "    publish left",
            "      process left",
            "    publish right",
            "      process right",
        ]
    )


@every_kind
def test_required_attributes_are_there_at_the_start(kind: Kind) -> None:
    """What a sampler may look at is given when the span begins."""
    seen: list[tuple[str, dict[str, Any]]] = []

    class Recorder(SpanRecorder):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            super().on_start(span, parent_context)
            seen.append((span.name, dict(span.attributes)))

    broker = kind.traced(Recorder())

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    run(kind, broker, "hello", "orders")
    common = {
        "messaging.system": kind.system,
        "messaging.destination.name": "orders",
        "server.address": "localhost",
        "server.port": kind.port,
    }
    (publish_name, publish), (process_name, process) = seen
    assert (publish_name, process_name) == ("publish orders", "process orders")
    assert (
        publish.items()
        >= {
            **common,
            "messaging.operation.name": "publish",
            "messaging.operation.type": "send",
        }.items()
    )
    assert (
        process.items()
        >= {
            **common,
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "code.function.name": f"{__name__}.{handle._original_call.__qualname__}",
        }.items()
    )


@every_kind
def test_ids_join_the_spans_of_a_message(kind: Kind) -> None:
    """The conversation id is FastStream's correlation id, on both sides."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    run(kind, broker, "hello", "orders", correlation_id="order-17")
    publish, process = recorder.trace().spans
    for span in (publish, process):
        assert span.attributes["messaging.message.conversation_id"] == "order-17"
    assert process.attributes["messaging.message.id"]


@every_kind
def test_a_process_span_links_its_message(kind: Kind) -> None:
    """The creation context is both parent and link."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    run(kind, broker, "hello", "orders")
    publish, process = recorder.trace().spans
    assert process.parent_id == publish.span_id
    assert [(link.trace_id, link.span_id) for link in process.links] == [
        (publish.trace_id, publish.span_id)
    ]
    assert not publish.links


@every_kind
def test_a_message_without_context_starts_a_trace(kind: Kind) -> None:
    """What a publisher without telemetry sent has no parent and no link."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    untraced = kind.broker()

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    async def main() -> None:
        async with in_memory(broker, untraced) as deliveries:
            await kind.publish(untraced, "hello", "orders")
            await deliveries.settled()

    asyncio.run(main())
    (process,) = recorder.trace().spans
    assert process.name == "process orders"
    assert process.parent_id is None
    assert not process.links


@every_kind
def test_current_span(kind: Kind) -> None:
    """A handler is given its process span, the one that is current too."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    given: list[Span] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str, span: CurrentSpan) -> None:
        given.append(span)
        assert span is trace.get_current_span()
        span.set_attribute("app.order", message)

    run(kind, broker, "17", "orders")
    process = recorder.trace().spans[-1]
    assert given[0].get_span_context().span_id == process.span_id
    assert process.attributes["app.order"] == "17"


@every_kind
def test_current_span_in_a_sync_handler(kind: Kind) -> None:
    """FastStream runs it in a thread, and the span is current there too."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    def handle(message: str, span: CurrentSpan) -> None:
        assert span is trace.get_current_span()
        span.set_attribute("app.order", message)

    run(kind, broker, "17", "orders")
    assert recorder.trace().spans[-1].attributes["app.order"] == "17"


@every_kind
def test_nothing_stays_current(kind: Kind) -> None:
    """After a publish and after a delivery, what was current before is again."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    async def main() -> None:
        # FastStream's own test broker: the handler runs in this very task.
        test_broker = _test_broker(kind)
        async with test_broker(broker):
            before = otel_context.get_current()
            await kind.publish(broker, "hello", "orders")
            assert otel_context.get_current() == before

    asyncio.run(main())
    assert tree(recorder.trace()) == ["publish orders", "  process orders"]


@every_kind
def test_handlers_run_the_same_without_a_provider(kind: Kind) -> None:
    """The API alone is enough, and `CurrentSpan` can still be used."""
    broker = kind.broker(middlewares=[kind.middleware()])
    handled: list[str] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str, span: CurrentSpan) -> None:
        span.set_attribute("app.order", message)
        handled.append(message)

    run(kind, broker, "hello", "orders")
    assert handled == ["hello"]


@every_kind
def test_middleware_on_a_router(kind: Kind) -> None:
    """A router's middleware traces the router's messages, and knows the server."""
    recorder = SpanRecorder()
    traced = kind.traced(recorder)
    router = kind.router(middlewares=traced.middlewares)

    @kind.subscriber(router, "orders")
    async def handle(message: str) -> None: ...

    broker = kind.broker()
    broker.include_router(router)
    run(kind, broker, "hello", "orders")
    (process,) = recorder.trace().spans
    assert process.name == "process orders"
    assert process.attributes["server.port"] == kind.port


@every_kind
def test_an_app_changes_nothing(kind: Kind) -> None:
    """A broker in an app records the same."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    FastStream(broker)
    run(kind, broker, "hello", "orders")
    assert tree(recorder.trace()) == ["publish orders", "  process orders"]


def test_scope() -> None:
    """Spans come from one scope, with version and schema."""
    scopes: list[Any] = []

    class Recorder(SpanRecorder):
        def on_end(self, span: Any) -> None:
            scopes.append(span.instrumentation_scope)

    kind = KINDS[0]
    broker = kind.traced(Recorder())
    run(kind, broker, "hello", "orders")
    (scope,) = scopes
    assert scope.name == "faststream_otel"
    assert scope.version == __version__
    assert scope.schema_url == "https://opentelemetry.io/schemas/1.44.0"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nats://broker.example:4333", ("broker.example", 4333)),
        ("nats://user:secret@broker.example", ("broker.example", 4222)),
        ("broker.example:4333", ("broker.example", 4333)),
        ("nats://[::1]:4222", ("::1", 4222)),
        ("nats://broker.example:not-a-port", (None, None)),
    ],
)
def test_server(url: str, expected: tuple[str | None, int | None]) -> None:
    """Address and port are those of the broker, without its secrets."""
    kind = next(kind for kind in KINDS if kind.name == "nats")
    recorder = SpanRecorder()
    broker = kind.traced(recorder, servers=url)
    run(kind, broker, "hello", "orders")
    (publish,) = recorder.trace().spans
    found = (
        publish.attributes.get("server.address"),
        publish.attributes.get("server.port"),
    )
    assert found == expected
    assert "secret" not in str(publish.attributes)


def test_one_middleware_on_two_servers_names_none() -> None:
    """Rather no address than a wrong one."""
    kind = next(kind for kind in KINDS if kind.name == "nats")
    recorder = SpanRecorder()
    first = kind.traced(recorder, servers="nats://one.example")
    second = kind.broker("nats://two.example", middlewares=first.middlewares)

    async def main() -> None:
        async with in_memory(first, second):
            await kind.publish(first, "hello", "orders")

    asyncio.run(main())
    (publish,) = recorder.trace().spans
    assert "server.address" not in publish.attributes


def _test_broker(kind: Kind) -> Any:
    from faststream_otel.testing._deliveries import _test_broker

    return _test_broker(kind.broker())
