"""The private parts of FastStream that `_faststream` uses are still as it needs them.

A failure here means: FastStream has changed, look at `faststream_otel/_faststream.py`.
"""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from faststream._internal.broker import BrokerUsecase
from faststream._internal.endpoint.subscriber import SubscriberUsecase

from faststream_otel import _faststream, _wrapped
from tests.kinds import KINDS, Kind, every_kind


async def handle(message: str) -> None:
    """Do nothing."""


@every_kind
def test_what_is_wrapped_is_what_runs(kind: Kind) -> None:
    """No broker or subscriber has a `process_message` or `connect` of its own."""
    broker = kind.broker(middlewares=[kind.middleware()])
    subscriber = kind.subscriber(broker, "orders")
    wrapped_message = type(subscriber).process_message
    assert wrapped_message is SubscriberUsecase.process_message
    assert list(inspect.signature(wrapped_message).parameters) == ["self", "msg"]
    assert type(broker).connect is BrokerUsecase.connect
    assert list(inspect.signature(BrokerUsecase.connect).parameters) == ["self"]


def test_methods_are_wrapped_once() -> None:
    """However many middlewares are made."""
    for _ in range(2):
        KINDS[0].middleware()
    methods: list[Any] = [SubscriberUsecase.process_message, BrokerUsecase.connect]
    for method in methods:
        assert any(method is ours for ours in _wrapped._wrappers)
        assert not hasattr(method.__wrapped__, "__wrapped__")


@every_kind
def test_what_is_read(kind: Kind) -> None:
    """Names of handlers, prefixes of routers, and a router's middlewares."""
    middleware = kind.middleware()
    router = kind.router(prefix="v1-", middlewares=[middleware])
    subscriber = kind.subscriber(router, "orders")
    subscriber(handle)
    kind.publisher(router, "next")
    broker = kind.broker()
    broker.include_router(router)
    assert _faststream.prefix(subscriber) == "v1-"
    assert _faststream.handler_name(subscriber) == f"{__name__}.handle"
    stacks = [list(stack) for stack in _faststream.middlewares(broker)]
    assert stacks == [[], [middleware], [middleware]]


@every_kind
def test_the_brokers_address(kind: Kind) -> None:
    """Each broker says where its server is."""
    assert _faststream.server(kind.broker(), kind.port) == ("localhost", kind.port)


@pytest.mark.parametrize("kinds", [1, 2])
def test_a_handler_is_named_only_if_it_is_the_one(kinds: int) -> None:
    """With several, FastStream has yet to ask their filters."""
    subscriber = KINDS[0].subscriber(KINDS[0].broker(), "orders")
    for _ in range(kinds):
        subscriber(handle)
    name = _faststream.handler_name(subscriber)
    assert name == (f"{__name__}.handle" if kinds == 1 else None)
