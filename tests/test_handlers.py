"""Handlers in all forms: named, and seen as what they are."""

import functools
from typing import Any

import pytest
from opentelemetry import baggage
from opentelemetry import context as otel_context

from faststream_otel import CurrentBaggage
from faststream_otel.testing import SpanRecorder
from tests.kinds import Kind, every_kind
from tests.test_spans import run


class Callable:
    """An object that is called."""

    async def __call__(self, body: str, bag: CurrentBaggage) -> str:
        return await sets(body, bag)

    async def method(self, body: str, bag: CurrentBaggage) -> str:
        """Handle, bound."""
        return await sets(body, bag)

    @staticmethod
    async def static(body: str, bag: CurrentBaggage) -> str:
        """Handle, of the class."""
        return await sets(body, bag)


class Threaded:
    """An object that is called in a thread."""

    def __call__(self, body: str, bag: CurrentBaggage) -> str:
        bag.set("first", "1")
        return body


async def sets(body: str, bag: CurrentBaggage) -> str:
    """Set baggage in both ways."""
    bag.set("first", "1")
    otel_context.attach(baggage.set_baggage("second", "2"))
    return body


async def with_argument(extra: int, body: str, bag: CurrentBaggage) -> str:
    """Have one argument more."""
    return await sets(body, bag)


def decorated(function: Any) -> Any:
    """Wrap, as decorators do."""

    @functools.wraps(function)
    async def wrapper(*arguments: Any, **options: Any) -> Any:
        return await function(*arguments, **options)

    return wrapper


HANDLERS = {
    "function": (sets, "sets"),
    "object": (Callable(), "Callable.__call__"),
    "bound": (Callable().method, "Callable.method"),
    "static": (Callable.static, "Callable.static"),
    "partial": (functools.partial(with_argument, 1), "with_argument"),
    "partial of partial": (
        functools.partial(functools.partial(with_argument, 1)),
        "with_argument",
    ),
    "partial of bound": (functools.partial(Callable().method), "Callable.method"),
    "decorated": (decorated(sets), "sets"),
    "threaded": (Threaded(), "Threaded.__call__"),
}


@every_kind
@pytest.mark.parametrize("form", HANDLERS)
def test_it_is_named_and_its_baggage_is_sent(kind: Kind, form: str) -> None:
    """What it sets is there in the next handler, however it is made."""
    handler, name = HANDLERS[form]
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    seen: list[dict[str, Any]] = []
    subscriber = kind.subscriber(broker, "first")
    subscriber(kind.publisher(broker, "second")(handler))

    @kind.subscriber(broker, "second")
    async def second(body: str, bag: CurrentBaggage) -> None:
        seen.append(bag.get_all())

    run(kind, broker, "x", "first")
    (process,) = [s for s in recorder.trace().spans if s.name == "process first"]
    assert process.attributes["code.function.name"] == f"{__name__}.{name}"
    expected = {"first": "1"} if form == "threaded" else {"first": "1", "second": "2"}
    assert seen == [expected]
