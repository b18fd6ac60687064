"""Starts an application on brokers in memory, and stops it again."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeVar
from unittest import mock

from faststream import Response, TestApp
from faststream._internal.application import Application
from faststream._internal.broker import BrokerUsecase
from faststream._internal.endpoint.subscriber import SubscriberUsecase

from faststream_otel._faststream import package_of
from faststream_otel.doctor._loading import NotLoaded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

_Report = TypeVar("_Report")
# Start-up may take as many times as long as an answer.
_PATIENCE: Final = 10


def run(
    application: Any,
    brokers: Sequence[Any],
    running: list[object],
    report: Callable[[], _Report],
    options: dict[str, Any],
    *,
    timeout: float,
) -> _Report:
    """Start an application, report, and stop it.

    Args:
        application: The application.
        brokers: Its brokers.
        running: Gets each broker that has been started.
        report: Examines it.
        options: What FastStream hands to start-up hooks.
        timeout: How long to wait for an answer, in seconds; start-up gets ten times
            as long.

    Raises:
        NotLoaded: It could not be started.
    """

    async def examined() -> _Report:
        async with AsyncExitStack() as stack:
            stack.enter_context(_without_handlers(brokers))
            for broker in brokers:
                await stack.enter_async_context(_in_memory(broker, running))
            try:
                with _at_most(_PATIENCE * timeout):
                    await stack.enter_async_context(_started(application, options))
            except (Exception, SystemExit) as error:
                message = f"It raised {type(error).__name__} when it was started."
                raise NotLoaded(message, error) from error
            # A check has an event loop of its own where it needs one.
            return await asyncio.to_thread(report)

    return asyncio.run(examined())


@asynccontextmanager
async def _in_memory(broker: Any, running: list[object]) -> AsyncIterator[None]:
    """Let a broker start without a server."""
    async with test_broker(broker)(broker, connect_only=True):
        start = broker.start

        async def started() -> None:
            running.append(broker)
            await start()

        with mock.patch.object(broker, "start", started):
            yield


@contextmanager
def _without_handlers(brokers: Sequence[Any]) -> Iterator[None]:
    """Let no message reach a handler, not even one that a start-up hook adds."""
    process = SubscriberUsecase.process_message

    @wraps(process)
    async def kept(subscriber: Any, message: Any) -> Response:
        # Brokers of the doctor's own handle theirs.
        for broker in brokers:
            if any(each is subscriber for each in broker.subscribers):
                return Response(None)
        return await process(subscriber, message)

    with mock.patch.object(SubscriberUsecase, "process_message", kept):
        yield


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Give up on what awaits something for too long."""
    task, late = asyncio.current_task(), asyncio.Event()

    def give_up() -> None:
        late.set()
        if task is not None:
            task.cancel()

    timer = asyncio.get_running_loop().call_later(seconds, give_up)
    try:
        yield
    except asyncio.CancelledError as error:
        if not late.is_set():
            raise
        message = f"it still starts after {seconds:g} s; wait longer with --timeout"
        raise TimeoutError(message).with_traceback(error.__traceback__) from None
    finally:
        timer.cancel()


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
