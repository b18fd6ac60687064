"""Errors of all kinds end their span, and reach the application as they are."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from faststream_otel._exceptions import OPT_IN
from faststream_otel.testing._deliveries import _test_broker
from tests.kinds import Kind, every_kind
from tests.test_exceptions import Logs


class Open(SpanProcessor):
    """Knows which spans have not ended."""

    def __init__(self) -> None:
        self.open: dict[int, Any] = {}
        self.ended: list[Any] = []

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.open[span.context.span_id] = span

    def on_end(self, span: Any) -> None:
        del self.open[span.context.span_id]
        self.ended.append(span)


class MuteError(Exception):
    """Has no text."""

    def __str__(self) -> str:
        raise RuntimeError("str")


class NumberError(Exception):
    """Its text is none."""

    def __str__(self) -> Any:
        return 5  # noqa: PLE0307


class UnprintableError(Exception):
    """Cannot be represented."""

    def __repr__(self) -> str:
        raise RuntimeError("repr")


class Hiding(type):
    """A class that does not say its name."""

    def __getattribute__(cls, name: str) -> Any:
        if name in {"__qualname__", "__module__", "__name__", "__mro__"}:
            raise RuntimeError(name)
        return super().__getattribute__(name)


class HiddenError(Exception, metaclass=Hiding):
    """Is of such a class."""


class GuardedError(Exception):
    """No attribute can be read."""

    def __getattribute__(self, name: str) -> Any:
        # From Python 3.13 on, an `AsyncExitStack` that cannot read it exits nothing:
        # no middleware of FastStream, and so none of ours.
        if name == "__traceback__" and sys.version_info >= (3, 13):
            return super().__getattribute__(name)
        raise RuntimeError(name)


class LyingError(Exception):
    """Says that it is of another class."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("class")


class WideError(Exception):
    """Has members and notes that are none."""

    exceptions = (1, None, "x")
    __notes__ = (1, None)  # type: ignore[assignment]


def endless() -> Exception:
    """An error that led to itself."""
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    return first


def members() -> BaseException:
    """Very many errors in one."""
    if sys.version_info < (3, 11):
        return ValueError("no groups before Python 3.11")
    return ExceptionGroup("all", [ValueError(n) for n in range(2_000)])  # noqa: F821


def nested() -> Exception:
    """A very long chain."""
    error: Exception = ValueError("innermost")
    for n in range(2_000):
        outer = ValueError(n)
        outer.__cause__ = error
        error = outer
    return error


ERRORS: dict[str, tuple[Any, str]] = {
    "mute": (MuteError, f"{__name__}.MuteError"),
    "number": (NumberError, f"{__name__}.NumberError"),
    "unprintable": (UnprintableError, f"{__name__}.UnprintableError"),
    "no module": (
        type("NoModule", (Exception,), {"__module__": None}),
        "None.NoModule",
    ),
    "hidden": (HiddenError, "_OTHER"),
    "guarded": (GuardedError, f"{__name__}.GuardedError"),
    "lying": (LyingError, f"{__name__}.LyingError"),
    "wide": (WideError, f"{__name__}.WideError"),
    "endless": (endless, "ValueError"),
    "nested": (nested, "ValueError"),
    "members": (members, "ExceptionGroup" if sys.version_info >= (3, 11) else "Value"),
    "base": (type("Base", (BaseException,), {}), f"{__name__}.Base"),
    "deep": (RecursionError, "RecursionError"),
}


@every_kind
@pytest.mark.parametrize("name", ERRORS)
def test_the_span_ends(kind: Kind, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its type; the application gets the same as without telemetry."""
    monkeypatch.setenv(OPT_IN, "logs/dup")
    make, error_type = ERRORS[name]
    error = make()
    spans, logs = Open(), Logs()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(spans)
    options = {"tracer_provider": provider, "logger_provider": logs.provider}
    # FastStream itself may fail on it, and raise something else.
    bare = raised_by(kind, kind.broker(logger=None), make())
    broker = kind.broker(middlewares=[kind.middleware(**options)], logger=None)
    raised = raised_by(kind, broker, error)
    if type(bare) is type(error):
        assert id(raised) == id(error), "the very same"
    assert id(type(raised)) == id(type(bare))
    assert not spans.open
    # A test broker raises what its handler raises, so the publish failed as well.
    process, publish = spans.ended
    for span in spans.ended:
        assert span.status.status_code.name == "ERROR"
        (event,) = span.events
        assert event.attributes["exception.type"] == span.attributes["error.type"]
    assert process.name == "process orders"
    assert str(process.attributes["error.type"]).startswith(error_type)
    assert publish.name == "publish orders"
    assert len(logs.records()) == 2


def raised_by(kind: Kind, broker: Any, error: BaseException) -> BaseException | None:
    """Give what a publish raises whose handler raises `error`."""

    @kind.subscriber(broker, "orders")
    async def handle(body: Any) -> None:
        raise error

    async def main() -> BaseException | None:
        async with _test_broker(broker)(broker):
            try:
                await kind.publish(broker, "x", "orders")
            except BaseException as raised:
                return raised
        return None

    return asyncio.run(main())
