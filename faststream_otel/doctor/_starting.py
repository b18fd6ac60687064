"""Starts an application on brokers in memory, and stops it again."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar
from unittest import mock

from faststream import Response, TestApp
from faststream._internal.application import Application
from faststream._internal.broker import BrokerUsecase

from faststream_otel._faststream import package_of
from faststream_otel.doctor._loading import NotLoaded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

_Report = TypeVar("_Report")


def run(
    application: Any,
    brokers: Sequence[Any],
    running: list[object],
    report: Callable[[], _Report],
    options: dict[str, Any],
) -> _Report:
    """Start an application, report, and stop it.

    Args:
        application: The application.
        brokers: Its brokers.
        running: Gets each broker that has been started.
        report: Examines it.
        options: What FastStream hands to start-up hooks.

    Raises:
        NotLoaded: It could not be started.
    """

    async def examined() -> _Report:
        async with AsyncExitStack() as stack:
            for broker in brokers:
                await stack.enter_async_context(_in_memory(broker, running))
            try:
                await stack.enter_async_context(_started(application, options))
            except (Exception, SystemExit) as error:
                message = f"It raised {type(error).__name__} when it was started."
                raise NotLoaded(message, error) from error
            # A check has an event loop of its own where it needs one.
            return await asyncio.to_thread(report)

    return asyncio.run(examined())


@asynccontextmanager
async def _in_memory(broker: Any, running: list[object]) -> AsyncIterator[None]:
    """Let a broker start without a server; what is published reaches no handler."""
    async with test_broker(broker)(broker, connect_only=True):
        start = broker.start

        async def started() -> None:
            running.append(broker)
            await start()

        with ExitStack() as stack:
            stack.enter_context(mock.patch.object(broker, "start", started))
            for subscriber in broker.subscribers:
                kept = mock.patch.object(subscriber, "process_message", _kept)
                stack.enter_context(kept)
            yield


async def _kept(message: object) -> Response:
    """Take a message in place of a handler."""
    del message
    return Response(None)


def test_broker(broker: Any) -> Any:
    """Find FastStream's test broker for `broker`: `TestNatsBroker` for `NatsBroker`."""
    module = import_module(f"faststream.{package_of(broker)}")
    return getattr(module, f"Test{own_class(broker).__name__}")


def own_class(broker: Any) -> Any:
    """Give FastStream's class of a broker, which may be of a class derived from it."""
    return next(
        each
        for each in type(broker).__mro__
        if each.__module__.startswith("faststream.")
    )


@asynccontextmanager
async def _started(application: Any, options: dict[str, Any]) -> AsyncIterator[None]:
    if isinstance(application, (list, tuple, set, frozenset)):
        async with AsyncExitStack() as stack:
            for each in application:
                await stack.enter_async_context(_started(each, options))
            yield
    elif isinstance(application, Application):
        async with TestApp(application, options):
            yield
    elif isinstance(application, BrokerUsecase):
        await application.start()
        yield
    else:
        async with _lifespan(application):
            yield


@asynccontextmanager
async def _lifespan(application: Any) -> AsyncIterator[None]:
    """Start an ASGI application as its server does."""
    to_application: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    task = asyncio.create_task(
        application(scope, to_application.get, answers.put), name="lifespan"
    )
    for what in ("startup", "shutdown"):
        await to_application.put({"type": f"lifespan.{what}"})
        answer = asyncio.create_task(answers.get())
        await asyncio.wait({task, answer}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            # Raises what the application did.
            await task
            raise RuntimeError(f"the lifespan ended at {what}")
        if answer.result()["type"] == f"lifespan.{what}.failed":
            await task
            raise RuntimeError(answer.result().get("message", f"{what} failed"))
        if what == "startup":
            yield
    await task
