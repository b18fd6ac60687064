"""Other people's wrappers around the methods that ours are around, and another copy."""

from __future__ import annotations

import functools
import subprocess
import sys
import textwrap
from typing import Any

import pytest
import wrapt
from faststream._internal.broker import BrokerUsecase
from faststream._internal.endpoint.subscriber import SubscriberUsecase
from opentelemetry import context as otel_context

from faststream_otel import _wrapped
from faststream_otel.testing import SpanRecorder
from tests.kinds import KINDS, Kind, every_kind
from tests.test_spans import run, tree

OF = {kind.name: kind for kind in KINDS}
CHAIN = [
    "publish first",
    "  process first",
    "    publish second",
    "      process second",
]


def with_wraps(method: Any) -> Any:
    """Wrap as is usual."""

    @functools.wraps(method)
    async def wrapper(self: Any, *arguments: Any) -> Any:
        return await method(self, *arguments)

    return wrapper


def with_wrapt(method: Any) -> Any:
    """Wrap as most instrumentations do."""

    async def wrapper(wrapped: Any, _: Any, args: Any, kwargs: Any) -> Any:
        return await wrapped(*args, **kwargs)

    return wrapt.FunctionWrapper(method, wrapper)


def plainly(method: Any) -> Any:
    """Wrap without a trace of what was there."""

    async def wrapper(self: Any, *arguments: Any) -> Any:
        return await method(self, *arguments)

    return wrapper


class Counted:
    """A wrapper that counts its calls."""

    def __init__(self, how: Any, method: Any) -> None:
        self.calls = 0

        async def counting(inner: Any, *arguments: Any) -> Any:
            self.calls += 1
            return await method(inner, *arguments)

        functools.update_wrapper(counting, method)
        self.wrapper = how(counting)


def chain(kind: Kind, recorder: SpanRecorder) -> Any:
    """A broker whose first handler publishes to its second."""
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "first")
    @kind.publisher(broker, "second")
    async def first(body: str) -> str:
        return body

    @kind.subscriber(broker, "second")
    async def second(body: str) -> None: ...

    return broker


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """FastStream as it is before this package has wrapped anything."""
    for owner, name in (
        (SubscriberUsecase, "process_message"),
        (BrokerUsecase, "connect"),
    ):
        method: Any = getattr(owner, name)
        while any(method is ours for ours in _wrapped._wrappers):
            method = method.__wrapped__
        monkeypatch.setattr(owner, name, method)
    monkeypatch.setattr(_wrapped, "_wrappers", [])
    monkeypatch.setattr(_wrapped, "_wrapped", set())
    return monkeypatch


WRAPS = pytest.mark.parametrize("how", [with_wraps, with_wrapt, plainly])
METHODS = pytest.mark.parametrize(
    ("owner", "name"),
    [(SubscriberUsecase, "process_message"), (BrokerUsecase, "connect")],
    ids=["process_message", "connect"],
)


@every_kind
@WRAPS
@METHODS
def test_wrapped_before_ours(
    kind: Kind, how: Any, owner: Any, name: str, bare: pytest.MonkeyPatch
) -> None:
    """Both are called, once a message, and the trace is right."""
    theirs = Counted(how, getattr(owner, name))
    bare.setattr(owner, name, theirs.wrapper)
    recorder = SpanRecorder()
    run(kind, chain(kind, recorder), "x", "first")
    assert tree(recorder.trace()) == CHAIN
    assert theirs.calls == (2 if name == "process_message" else 1)


@every_kind
@WRAPS
@METHODS
@pytest.mark.faults
def test_wrapped_after_ours(
    kind: Kind,
    how: Any,
    owner: Any,
    name: str,
    bare: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once before a middleware is made, and once after; a plain one is told of once."""
    recorder = SpanRecorder()
    broker = chain(kind, recorder)
    theirs = Counted(how, getattr(owner, name))
    bare.setattr(owner, name, theirs.wrapper)
    run(kind, broker, "x", "first")
    run(kind, chain(kind, recorder), "x", "first")
    assert tree(recorder.trace()) == CHAIN * 2
    assert theirs.calls == (4 if name == "process_message" else 2)
    told = [r.getMessage() for r in caplog.records if r.name == "faststream_otel"]
    if how is plainly:
        (line,) = told
        assert f"{owner.__name__}.{name} was replaced by {__name__}" in line
    else:
        assert not told


@every_kind
@pytest.mark.faults
def test_what_a_wrapper_between_ours_attaches_is_kept(
    kind: Kind, bare: pytest.MonkeyPatch
) -> None:
    """The inner of our two leaves it as it is: the delivery has begun."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)
    found: list[object] = []

    @kind.subscriber(broker, "first")
    async def first(body: str) -> None:
        found.append(otel_context.get_value("theirs"))

    method = SubscriberUsecase.process_message

    async def theirs(self: Any, message: Any) -> Any:
        token = otel_context.attach(otel_context.set_value("theirs", "kept"))
        try:
            return await method(self, message)
        finally:
            otel_context.detach(token)

    bare.setattr(SubscriberUsecase, "process_message", theirs)
    run(kind, broker, "x", "first")
    assert found == ["kept"]
    assert tree(recorder.trace()) == ["publish first", "  process first"]


@every_kind
@pytest.mark.faults
def test_replaced_by_a_wrapper_that_forgot_ours(
    kind: Kind, bare: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Looked at again when a broker connects: wrapped anew, with one line."""
    original = SubscriberUsecase.process_message
    recorder = SpanRecorder()
    broker = chain(kind, recorder)
    bare.setattr(SubscriberUsecase, "process_message", plainly(original))
    for _ in range(2):
        run(kind, broker, "x", "first")
    assert tree(recorder.trace()) == CHAIN * 2
    told = [r.getMessage() for r in caplog.records if r.name == "faststream_otel"]
    assert len(told) == 1
    assert "process_message was replaced" in told[0]


IMPORTED_ANEW = """
    import asyncio, sys
    from faststream.nats import NatsBroker, TestNatsBroker
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import (
        InMemorySpanExporter,
    )

    def names(copy):
        exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        middleware = copy(tracer_provider=provider)
        broker = NatsBroker(middlewares=[middleware], logger=None)

        @broker.subscriber("orders")
        async def handle(body): ...

        async def main():
            async with TestNatsBroker(broker, connect_only=False):
                await broker.publish("x", "orders")

        asyncio.run(main())
        return sorted(span.name for span in exporter.get_finished_spans())

    def imported():
        from faststream_otel.nats import NatsTelemetryMiddleware
        return NatsTelemetryMiddleware

    first = imported()
    assert names(first) == ["process orders", "publish orders"], names(first)
    for name in [name for name in sys.modules if name.startswith("faststream_otel")]:
        del sys.modules[name]
    second = imported()
    assert second is not first
    assert names(second) == ["process orders", "publish orders"], names(second)
    assert names(first) == ["process orders", "publish orders"], names(first)
"""


def test_imported_anew() -> None:
    """Two copies of the package in one process, as after a reload: both are right."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(IMPORTED_ANEW)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
