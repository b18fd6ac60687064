"""What the options of a middleware do, and what they refuse."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import aio_pika
import pytest
from faststream import Context
from opentelemetry import baggage, trace
from opentelemetry import context as otel_context

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import SpanRecorder, in_memory
from faststream_otel.testing._deliveries import _test_broker
from tests.kinds import KINDS, Kind, every_kind
from tests.test_propagation import SPAN, TRACE, TRACEPARENT, LetterPropagator
from tests.test_spans import run, tree

if TYPE_CHECKING:
    from opentelemetry.trace import Span

NATS = next(kind for kind in KINDS if kind.name == "nats")
MQTT = next(kind for kind in KINDS if kind.name == "mqtt")


def send(
    kind: Kind, broker: Any, headers: dict[str, str], name: str = "orders"
) -> None:
    """Publish from outside: as a service does whose spans we do not see."""
    plain = kind.broker()

    async def main() -> None:
        async with in_memory(broker, plain) as deliveries:
            await kind.publish(plain, "hello", name, headers=headers)
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())


@every_kind
def test_incoming_link(kind: Kind) -> None:
    """A new trace, with a link; baggage is accepted."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"incoming": "link"})
    seen: list[dict[str, Any]] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        seen.append(dict(baggage.get_all()))

    send(kind, broker, {"traceparent": TRACEPARENT, "baggage": "tenant=acme"})
    (span,) = recorder.trace().spans
    assert span.parent_id is None
    assert span.trace_id != TRACE
    assert [(link.trace_id, link.span_id) for link in span.links] == [(TRACE, SPAN)]
    assert seen == [{"tenant": "acme"}]


@every_kind
def test_incoming_ignore(kind: Kind) -> None:
    """A new trace, and nothing of the headers is believed or sent on."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"incoming": "ignore"})
    seen: list[dict[str, Any]] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str, headers: dict = Context("message.headers")) -> None:  # type: ignore[type-arg]
        seen.append(dict(baggage.get_all()))
        passed = {k: v for k, v in headers.items() if k != "correlation_id"}
        await kind.publish(broker, message, "next", headers=passed)

    @kind.subscriber(broker, "next")
    async def next_handler(message: str) -> None: ...

    send(kind, broker, {"traceparent": TRACEPARENT, "baggage": "tenant=acme"})
    process, publish, _ = recorder.trace().spans
    assert process.parent_id is None
    assert process.trace_id != TRACE
    assert not process.links
    assert seen == [{}]
    assert publish.parent_id == process.span_id
    assert not publish.links


@every_kind
@pytest.mark.parametrize("keys", [["tenant"], lambda key: key == "tenant"], ids=type)
def test_baggage_keys(kind: Kind, keys: Any) -> None:
    """Only these are accepted, and only these are sent on."""
    broker = kind.traced(SpanRecorder(), telemetry={"baggage_keys": keys})
    seen: list[object] = []

    @kind.subscriber(broker, "first")
    async def first(message: str) -> None:
        seen.append(dict(baggage.get_all()))
        otel_context.attach(baggage.set_baggage("secret", "1"))
        await kind.publish(broker, message, "second")

    @kind.subscriber(broker, "second")
    async def second(message: str, headers: dict = Context("message.headers")) -> None:  # type: ignore[type-arg]
        seen.append(headers["baggage"])

    send(kind, broker, {"baggage": "tenant=acme,secret=2"}, "first")
    assert seen == [{"tenant": "acme"}, "tenant=acme"]


@pytest.mark.faults
def test_a_predicate_that_raises_accepts_nothing() -> None:
    """And the message goes on."""
    broker = NATS.traced(
        SpanRecorder(), telemetry={"baggage_keys": lambda key: key.no_such_method()}
    )
    seen: list[object] = []

    @NATS.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        seen.append(dict(baggage.get_all()))

    send(NATS, broker, {"baggage": "tenant=acme"})
    assert seen == [{}]


@every_kind
def test_propagator(kind: Kind) -> None:
    """A middleware's own propagator is used in place of the global one."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"propagator": LetterPropagator()})
    seen: list[dict[str, Any]] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str, headers: dict = Context("message.headers")) -> None:  # type: ignore[type-arg]
        seen.append(headers)

    run(kind, broker, "hello", "orders")
    assert "x-letter" in seen[0]
    assert "traceparent" not in seen[0]
    assert tree(recorder.trace()) == ["publish orders", "  process orders"]


@every_kind
def test_capture_headers(kind: Kind) -> None:
    """Those that are named, as lists, on both sides; no other."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"capture_headers": ["tenant", "absent"]})

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    run(kind, broker, "hello", "orders", headers={"tenant": "acme", "secret": "1"})
    for span in recorder.trace().spans:
        captured = {k: v for k, v in span.attributes.items() if ".header." in k}
        assert captured == {"messaging.header.tenant": ("acme",)}


def test_capture_headers_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is used where the argument is left out; the argument wins."""
    monkeypatch.setenv(
        "OTEL_INSTRUMENTATION_MESSAGING_EXPERIMENTAL_HEADERS_INCLUDED", "a, b,"
    )
    made = NatsTelemetryMiddleware()
    assert list(made.telemetry.options.capture_headers) == ["a", "b"]
    given = NatsTelemetryMiddleware(capture_headers=["c"])
    assert list(given.telemetry.options.capture_headers) == ["c"]


@every_kind
def test_exclude(kind: Kind) -> None:
    """No spans for these destinations, and the context still goes through."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"exclude": ["internal*"]})

    @kind.subscriber(broker, "first")
    @kind.publisher(broker, "internal-second")
    async def first(message: str) -> str:
        return message

    @kind.subscriber(broker, "internal-second")
    @kind.publisher(broker, "third")
    async def second(message: str) -> str:
        return message

    @kind.subscriber(broker, "third")
    async def third(message: str) -> None: ...

    run(kind, broker, "hello", "first")
    assert tree(recorder.trace()) == [
        "publish first",
        "  process first",
        "    publish third",
        "      process third",
    ]


def test_exclude_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the instrumentations for HTTP exclude URLs."""
    monkeypatch.setenv("OTEL_PYTHON_FASTSTREAM_EXCLUDED_DESTINATIONS", "health.*")
    recorder = SpanRecorder()
    broker = NATS.traced(recorder)
    run(NATS, broker, "hello", "health.check")
    run(NATS, broker, "hello", "orders")
    assert tree(recorder.trace()) == ["publish orders"]


def test_a_pattern_excludes_what_it_is_the_template_of() -> None:
    """Templates are excluded by their own words too."""
    recorder = SpanRecorder()
    broker = NATS.traced(recorder, telemetry={"exclude": ["logs.{level}"]})

    @NATS.subscriber(broker, "logs.{level}")
    async def handle(message: str) -> None: ...

    run(NATS, broker, "hello", "logs.debug")
    assert tree(recorder.trace()) == ["publish logs.debug"]


@every_kind
def test_hooks(kind: Kind) -> None:
    """They get the span with the command, or with the message, and may add to it."""
    recorder = SpanRecorder()

    def on_publish(span: Span, command: Any) -> None:
        span.set_attribute("app.sent", command.destination)

    def on_consume(span: Span, message: Any) -> None:
        span.set_attribute("app.tenant", message.headers["tenant"])

    broker = kind.traced(
        recorder, telemetry={"publish_hook": on_publish, "consume_hook": on_consume}
    )

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    run(kind, broker, "hello", "orders", headers={"tenant": "acme"})
    publish, process = recorder.trace().spans
    assert publish.attributes["app.sent"] == "orders"
    assert process.attributes["app.tenant"] == "acme"


@every_kind
@pytest.mark.faults
def test_a_hook_that_raises_is_told_once(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    """And never reaches the application."""

    def hook(span: Span, subject: Any) -> None:
        raise RuntimeError("a bug")

    recorder = SpanRecorder()
    broker = kind.traced(
        recorder, telemetry={"publish_hook": hook, "consume_hook": hook}
    )
    handled: list[str] = []

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        handled.append(message)

    run(kind, broker, "one", "orders")
    run(kind, broker, "two", "orders")
    assert handled == ["one", "two"]
    assert len(recorder.trace().spans) == 4
    assert {span.status for span in recorder.trace().spans} == {"UNSET"}
    (told,) = caplog.records
    assert told.getMessage().startswith("The hook 'test_a_hook_that_raises")


@every_kind
def test_record_body_size(kind: Kind) -> None:
    """The bytes of the body, on both sides."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"record_body_size": True})

    @kind.subscriber(broker, "orders")
    async def handle(message: Any) -> None: ...

    async def main() -> None:
        async with _test_broker(broker)(broker):
            await kind.publish(broker, "gr\u00fc\u00dfe", "orders")
            await kind.publish(broker, {"a": 1}, "orders")

    asyncio.run(main())
    sizes = [
        s.attributes["messaging.message.body.size"] for s in recorder.trace().spans
    ]
    assert sizes[:2] == [7, 7]
    assert sizes[2] == sizes[3]


def test_a_message_of_the_client_has_its_own_size() -> None:
    """FastStream encodes nothing where the body is a message of aio-pika's."""
    kind = next(kind for kind in KINDS if kind.name == "rabbit")
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"record_body_size": True})

    @kind.subscriber(broker, "orders")
    async def handle(message: Any) -> None: ...

    run(kind, broker, aio_pika.Message(b"hello", content_type="text/plain"), "orders")
    publish = recorder.trace().spans[0]
    assert publish.name == "publish orders"
    assert publish.attributes["messaging.message.body.size"] == 5


@every_kind
def test_nothing_is_recorded_unless_asked_for(kind: Kind) -> None:
    """No body, no header value, no size."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "orders")
    async def handle(message: str) -> None: ...

    run(kind, broker, "the body", "orders", headers={"secret": "the header"})
    for span in recorder.trace().spans:
        recorded = str(span.attributes)
        assert "the body" not in recorded
        assert "the header" not in recorded
        assert "size" not in recorded


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"incoming": "follow"}, ValueError, "'continue', 'link', 'ignore'"),
        ({"incoming": None}, ValueError, "'continue', 'link', 'ignore'"),
        ({"propagator": "b3"}, TypeError, "TextMapPropagator"),
        ({"capture_headers": "tenant"}, TypeError, "['tenant']"),
        ({"capture_headers": [1]}, TypeError, "each entry must be a string"),
        ({"exclude": "internal*"}, TypeError, "['internal*']"),
        ({"exclude": [""]}, TypeError, "each entry must be a string"),
        ({"baggage_keys": "tenant"}, TypeError, "['tenant']"),
        ({"baggage_keys": 5}, TypeError, "a collection of keys"),
        (
            {"publish_hook": "print"},
            TypeError,
            "a function that takes a span and a command",
        ),
        ({"consume_hook": 1}, TypeError, "a function that takes a span and a message"),
        ({"settle_spans": "yes"}, TypeError, "True or False"),
        ({"create_spans": 1}, TypeError, "True or False"),
        ({"record_body_size": None}, TypeError, "True or False"),
    ],
    ids=str,
)
@every_kind
def test_nonsense_is_refused(
    kind: Kind, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    """At construction, with what is allowed."""
    with pytest.raises(error) as raised:
        kind.middleware(**options)
    assert says in str(raised.value)
    assert next(iter(options)) in str(raised.value)


def test_mqtt_3_sends_no_context_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """Spans are recorded; the broker would refuse headers."""
    recorder = SpanRecorder()
    broker = MQTT.traced(recorder, version="3.1.1")
    commands: list[Any] = []

    @MQTT.subscriber(broker, "orders")
    async def handle(message: str, headers: dict = Context("message.headers")) -> None:  # type: ignore[type-arg]
        commands.append(headers)

    run(MQTT, broker, "one", "orders")
    run(MQTT, broker, "two", "orders")
    assert tree(recorder.trace()) == ["publish orders", "process orders"] * 2
    assert commands == [{}, {}]
    (warning,) = [r for r in caplog.records if r.name == "faststream_otel"]
    assert "MQTT 3.1.1" in warning.getMessage()


def test_sending_over_mqtt_3_adds_no_headers() -> None:
    """FastStream refuses a command with headers there: we must not add any."""
    broker = MQTT.traced(SpanRecorder(), version="3.1.1")
    seen: list[object] = []

    async def call_next(cmd: Any) -> None:
        seen.append(cmd.headers)

    async def main() -> None:
        async with in_memory(broker):
            from faststream.mqtt.response import MQTTPublishCommand
            from faststream.response import PublishType

            scope = broker.middlewares[0](None, context=broker.context)
            cmd = MQTTPublishCommand(
                "x", topic="orders", _publish_type=PublishType.PUBLISH
            )
            await scope.publish_scope(call_next, cmd)

    asyncio.run(main())
    assert seen == [{}]


def test_the_current_span_is_the_parent_of_a_publish() -> None:
    """Spans of the application's own nest."""
    recorder = SpanRecorder()
    broker = NATS.traced(recorder)
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider()
    provider.add_span_processor(recorder)

    @NATS.subscriber(broker, "orders")
    async def handle(message: str) -> None:
        with provider.get_tracer(__name__).start_as_current_span("price"):
            await NATS.publish(broker, message, "next")
        assert trace.get_current_span().is_recording()

    run(NATS, broker, "hello", "orders")
    assert tree(recorder.trace()) == [
        "publish orders",
        "  process orders",
        "    price",
        "      publish next",
    ]


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [(re.match("a", "a"), True), (1, True), ("", False), (asyncio.Future, False)],
    ids=["match", "number", "no text", "future"],
)
def test_a_predicate_answers_like_any_other(answer: Any, accepted: bool) -> None:
    """With whatever is true or false; what has to be awaited is no answer."""
    loop = asyncio.new_event_loop()
    given: Any = answer(loop=loop) if answer is asyncio.Future else answer
    options = NatsTelemetryMiddleware(baggage_keys=lambda key: given).telemetry.options
    assert options.accepts_baggage is not None
    assert options.accepts_baggage("key") is accepted
    loop.close()
