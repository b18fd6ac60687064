"""Mistakes are told where they are made, with what was meant."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from faststream_otel.testing import SpanRecorder, in_memory
from tests.hops import Hop
from tests.kinds import KINDS, Kind, every_kind
from tests.test_spans import run

OF = {kind.name: kind for kind in KINDS}


async def hook(*arguments: Any) -> None:
    """Be a coroutine function."""


async def generator(*arguments: Any) -> Any:
    """Be an asynchronous generator."""
    yield


class Callable:
    """Has an asynchronous `__call__`."""

    async def __call__(self, *arguments: Any) -> bool:
        return False

    async def method(self, *arguments: Any) -> bool:
        """Be a bound one."""
        return False


ASYNC = (
    hook,
    generator,
    Callable(),
    Callable().method,
    functools.partial(hook),
    functools.partial(functools.partial(hook, 1), 2),
    functools.partial(Callable()),
)


@every_kind
@pytest.mark.parametrize("option", ["publish_hook", "consume_hook", "baggage_keys"])
def test_what_is_asynchronous_is_refused(kind: Kind, option: str) -> None:
    """In all its forms: nobody would await it."""
    for function in ASYNC:
        with pytest.raises(TypeError, match=f"{option}=.* is asynchronous"):
            kind.middleware(**{option: function})


@every_kind
@pytest.mark.faults
def test_a_coroutine_that_shows_later_is_told_once(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as that of a lambda: it is closed, and the message goes on."""
    options: dict[str, Any] = {
        "publish_hook": lambda span, command: hook(),
        "consume_hook": lambda span, message: hook(),
    }
    broker = kind.traced(SpanRecorder(), telemetry=options)
    handled: list[str] = []

    @kind.subscriber(broker, "orders")
    async def handle(body: str) -> None:
        handled.append(body)

    for _ in range(2):
        run(kind, broker, "x", "orders")
    told = [r.getMessage() for r in caplog.records if r.name == "faststream_otel"]
    assert handled == ["x", "x"]
    # Both are called the same.
    assert len(set(told)) == len(told) <= 2
    assert all("returned a coroutine" in line for line in told)
    assert told


@every_kind
@pytest.mark.faults
def test_a_predicate_that_returns_a_coroutine_accepts_nothing(kind: Kind) -> None:
    """Neither does one that returns nothing."""
    for predicate in (lambda key: hook(), lambda key: "", lambda key: None):
        hop = Hop(kind, "publish", {"baggage_keys": predicate})
        (headers,) = hop.run({"baggage": "admin=1"})
        assert "baggage" not in headers
        assert hop.baggage == [{}]


CLASSES = {
    "tracer_provider": TracerProvider,
    "meter_provider": MeterProvider,
    "logger_provider": LoggerProvider,
    "propagator": TraceContextTextMapPropagator,
    "baggage_keys": frozenset,
}


@every_kind
@pytest.mark.parametrize("option", CLASSES)
def test_a_class_in_place_of_an_instance(kind: Kind, option: str) -> None:
    """It is said at construction, with how to write it."""
    given = CLASSES[option]
    with pytest.raises(TypeError, match=f"{option}={given.__name__} is a class: pass"):
        kind.middleware(**{option: given})


@every_kind
def test_the_middlewares_class_in_place_of_an_instance(kind: Kind) -> None:
    """On a broker and on a router, told when the broker connects."""
    broker = kind.broker(middlewares=[kind.middleware])
    other = kind.broker()
    other.include_router(kind.router(middlewares=[kind.middleware]))
    kind.middleware()
    kind.subscriber(other, "orders")(_nothing)

    async def main(broker: Any) -> None:
        async with in_memory(broker):
            await kind.publish(broker, "x", "orders")

    with pytest.raises(TypeError, match="is a class: pass an instance to the broker"):
        asyncio.run(main(broker))
    with pytest.raises(TypeError, match="is a class"):
        kind.middleware(None, context=None)


async def _nothing(body: Any) -> None: ...


@every_kind
@pytest.mark.parametrize("where", ["broker", "router"])
def test_a_middleware_of_another_broker(kind: Kind, where: str) -> None:
    """An error when the broker connects, which says whose is wanted."""
    stranger = next(each for each in KINDS if each.system != kind.system).middleware()
    broker = kind.broker(middlewares=[stranger] if where == "broker" else [])
    if where == "router":
        router = kind.router(middlewares=[stranger])
        kind.subscriber(router, "orders")(_nothing)
        broker.include_router(router)
    package = type(broker).__module__.split(".")[1]

    async def main() -> None:
        async with in_memory(broker):
            pytest.fail("it has connected")

    with pytest.raises(TypeError, match=f"use the one from faststream_otel.{package}$"):
        asyncio.run(main())


def test_the_two_of_kafka_are_told_apart() -> None:
    """They have the same name."""
    broker = OF["kafka"].broker(middlewares=[OF["confluent"].middleware()])

    async def main() -> None:
        async with in_memory(broker):
            pytest.fail("it has connected")

    with pytest.raises(TypeError, match=r"use the one from faststream_otel\.kafka"):
        asyncio.run(main())


@every_kind
@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("meter", "has no option meter: .*meter_provider"),
        ("include_messages_counters", "messages are always counted"),
        ("tracer_providr", "did you mean tracer_provider"),
        ("capture_header", "did you mean capture_headers"),
        ("settle_span", "did you mean settle_spans"),
        ("zzz", "choose from tracer_provider, "),
    ],
)
def test_an_option_that_does_not_exist(kind: Kind, option: str, says: str) -> None:
    """FastStream's own, and one that is misspelled; the class is named."""
    with pytest.raises(TypeError, match=f"TelemetryMiddleware .*{says}"):
        kind.middleware(**{option: None})


@every_kind
@pytest.mark.parametrize(
    ("templates", "error", "says"),
    [
        (["orders"], ValueError, "has no parameter"),
        (["user.{{id}}"], ValueError, "has no parameter"),
        (["user.{id}.{id}"], ValueError, "a parameter twice"),
        ("user.{id}", TypeError, "is a single string: pass a list"),
        ([""], TypeError, "each entry must be a string"),
        ([7], TypeError, "each entry must be a string"),
        (7, TypeError, "pass a list of strings"),
    ],
)
def test_templates_that_make_no_sense(
    kind: Kind, templates: Any, error: type[Exception], says: str
) -> None:
    """They are told at construction."""
    with pytest.raises(error, match=says):
        kind.middleware(destination_templates=templates)


@every_kind
@pytest.mark.parametrize(
    ("pattern", "matches", "other"),
    [
        ("user.{id}.created", "user.7.created", "user.7.8.created"),
        ("user/{id}/{what}", "user/7/created", "user/7"),
        ("a.{b}.{{c}}", "a.1.{c}", "a.1.c"),
        ("{name}.late", "shop.late", "shop.late.more"),
    ],
)
def test_templates(kind: Kind, pattern: str, matches: str, other: str) -> None:
    """A name that is sent to and received from; the first that matches counts."""
    if kind.system == "rabbitmq":
        matches, other = matches.replace("/", "."), other.replace("/", ".")
        pattern = pattern.replace("/", ".")
    recorder = SpanRecorder()
    options = {"destination_templates": [pattern, "{any}", "{a}.{b}.{c}"]}
    broker = kind.traced(recorder, telemetry=options)
    wanted = pattern.replace("{{", "{").replace("}}", "}")

    async def main() -> None:
        async with in_memory(broker):
            for name in (matches, other):
                await kind.publish(broker, "x", name)

    asyncio.run(main())
    first, second = recorder.trace().spans
    assert first.name == f"publish {wanted}"
    assert first.attributes["messaging.destination.template"] == wanted
    assert first.attributes["messaging.destination.name"] == matches
    assert second.attributes.get("messaging.destination.template") != wanted


class Falsy(TracerProvider):
    """A provider that is empty, as a container of providers may be."""

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0


class FalsyPropagator(TextMapPropagator):
    """A propagator that is empty."""

    fields = {"x-falsy"}  # noqa: RUF012

    def inject(self, carrier: Any, context: Any = None, setter: Any = None) -> None:
        carrier["x-falsy"] = "1"

    def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Any:
        return context

    def __bool__(self) -> bool:
        return False


@every_kind
def test_a_falsy_provider_is_a_provider(kind: Kind) -> None:
    """And so is a propagator."""
    recorder = SpanRecorder()
    provider = Falsy()
    provider.add_span_processor(recorder)
    options = {"tracer_provider": provider, "propagator": FalsyPropagator()}
    hop = Hop(kind, "publish", options)
    (headers,) = hop.run({})
    assert [s.name for s in recorder.trace().spans] == [
        "process first",
        "publish second",
    ]
    assert headers["x-falsy"] == "1"
    assert "traceparent" not in headers
