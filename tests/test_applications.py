"""`record` takes whatever an application is made with, and says what it takes."""

from __future__ import annotations

import asyncio
import functools
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from faststream import FastStream, TestApp
from faststream.asgi import AsgiFastStream
from faststream.nats import NatsBroker
from starlette.applications import Starlette
from starlette.routing import Mount, Router

from faststream_otel.testing import assert_trace, in_memory, record
from tests.kinds import KINDS, Kind, every_kind
from tests.test_fastapi import fastapi_router

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from faststream_otel.testing import Trace

pytestmark = pytest.mark.filterwarnings("ignore:The integration has been moved")

NATS = next(kind for kind in KINDS if kind.name == "nats")
ORDER = """
    publish orders
      process orders
"""


def traced(kind: Kind = NATS) -> Any:
    """A broker that takes orders."""
    broker = kind.broker(middlewares=[kind.middleware()], logger=None)

    @kind.subscriber(broker, "orders")
    async def order(item: str) -> None: ...

    return broker


# What the functions of an application name stands in its module.
BROKER: Any = None


@asynccontextmanager
async def of_the_module(app: object) -> AsyncIterator[None]:
    """Start and stop the broker of this module."""
    await BROKER.start()
    yield
    await BROKER.stop()


def closing_over(broker: Any) -> Any:
    """A lifespan that has its broker from where it was made."""

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        async with broker:
            yield

    return lifespan


class Lifespan:
    """A lifespan that is an object."""

    def __init__(self, broker: Any) -> None:
        self._broker = broker

    @asynccontextmanager
    async def __call__(self, app: object) -> AsyncIterator[None]:
        async with self._broker:
            yield


class Hooked:
    """An application with lists of hooks, as Litestar's."""

    __slots__ = ("on_startup", "state")

    def __init__(self, on_startup: list[Any], state: dict[str, Any]) -> None:
        self.on_startup = on_startup
        self.state = state


async def handle(item: str) -> None:
    """Take an order."""


async def start_with(broker: Any, app: object) -> None:
    """Start a broker that an application was told of."""
    await broker.start()


async def stop_nothing(app: object) -> None:
    """Name no broker."""


APPLICATIONS: dict[str, Callable[[Any], Any]] = {
    "FastStream": FastStream,
    "as_asgi": lambda broker: FastStream(broker).as_asgi(),
    "AsgiFastStream": AsgiFastStream,
    "broker": lambda broker: broker,
    "list": lambda broker: [broker],
    "nested": lambda broker: (FastStream(broker), [broker]),
    "Starlette, closure": lambda broker: Starlette(lifespan=closing_over(broker)),
    "Starlette, module": lambda broker: Starlette(lifespan=of_the_module),
    "Starlette, object": lambda broker: Starlette(lifespan=Lifespan(broker)),
    "Starlette, mounted": lambda broker: Starlette(
        routes=[Mount("/events", app=FastStream(broker).as_asgi())]
    ),
    "Starlette, deeper": lambda broker: Starlette(
        routes=[Mount("/a", app=Router([Mount("/b", app=AsgiFastStream(broker))]))]
    ),
    "FastAPI, lifespan": lambda broker: FastAPI(lifespan=closing_over(broker)),
    "hooks": lambda broker: Hooked([broker.start], {}),
    "partial": lambda broker: Hooked([functools.partial(start_with, broker)], {}),
    "state": lambda broker: Hooked([stop_nothing], {"broker": broker}),
}


@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its broker is found, and nothing of it is run."""
    broker = traced()
    monkeypatch.setattr(f"{__name__}.BROKER", broker)

    async def main() -> None:
        async with in_memory(broker):
            await broker.publish("tea", "orders")

    with record(APPLICATIONS[name](broker)) as recording:
        asyncio.run(main())
    assert_trace(recording.trace(), ORDER)


@every_kind
def test_a_router_of_fastapi(kind: Kind) -> None:
    """The router, the application that includes it, and one that includes that."""
    router = fastapi_router(kind, middlewares=[kind.middleware()])
    kind.subscriber(router, "orders")(handle)
    app = FastAPI(lifespan=None)
    app.include_router(router)
    outer = Starlette(routes=[Mount("/api", app=app)])

    async def main() -> None:
        async with in_memory(router.broker):
            await kind.publish(router.broker, "tea", "orders")

    for application in (router, app, outer):
        with record(application) as recording:
            asyncio.run(main())
        assert_trace(recording.trace(), ORDER)


def test_several_brokers() -> None:
    """All that an application has are recorded, of whatever kind they are."""
    brokers = [traced(kind) for kind in KINDS]
    app = FastStream(*brokers)

    async def main() -> None:
        async with in_memory(*brokers):
            for kind, broker in zip(KINDS, brokers, strict=True):
                await kind.publish(broker, "tea", "orders")

    with record(app) as recording:
        asyncio.run(main())
    assert_trace(recording.trace(), ORDER * len(KINDS))


@pytest.mark.skipif(not find_spec("dishka_faststream"), reason="dishka: not installed")
def test_an_application_of_a_container() -> None:
    """Dishka makes the broker and what handlers get; the application is recorded."""
    from dishka import Provider, Scope, make_async_container
    from dishka_faststream import FromDishka, setup_dishka

    provider = Provider(scope=Scope.APP)
    provider.provide(lambda: traced(), provides=NatsBroker)  # noqa: PLW0108 - it asks
    provider.provide(lambda: 3, provides=int)
    container = make_async_container(provider)
    seen: list[int] = []

    async def count(item: str, number: Any) -> None:
        seen.append(number)

    # Named here alone, the type is nothing that FastStream could read from text.
    count.__annotations__["number"] = FromDishka[int]  # type: ignore[misc]

    async def main() -> Trace:
        broker = await container.get(NatsBroker)
        broker.subscriber("counted")(count)
        app = FastStream(broker, logger=None)
        setup_dishka(container, app=app, auto_inject=True)
        with record(app) as recording:
            async with in_memory(broker), TestApp(app):
                await broker.publish("tea", "counted")
        return recording.trace()

    assert_trace(asyncio.run(main()), ORDER.replace("orders", "counted"))
    assert seen == [3]


class Alike:
    """What has a broker that is none of FastStream's."""

    broker = "localhost"
    brokers = ("localhost",)


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (None, "NoneType"),
        ("nats://localhost", "builtins.str"),
        (Alike(), "Alike"),
        (FastAPI(), "fastapi.applications.FastAPI"),
        (Starlette(), "starlette.applications.Starlette"),
        (NATS.broker, "the class NatsBroker, not an instance"),
        (NATS.middleware(), "NatsTelemetryMiddleware"),
        ([object()], "builtins.object"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_anything_else_is_refused(thing: object, said: str) -> None:
    """It says what it was given, and what it takes."""
    with (
        pytest.raises(TypeError, match=f"no broker in .*{said}.*takes.*FastAPI"),
        record(thing),
    ):
        pass


@pytest.mark.parametrize("nothing", [(), ([],)])
def test_nothing_is_refused(nothing: tuple[Any, ...]) -> None:
    """An empty trace would not tell why it is empty."""
    with pytest.raises(TypeError, match="nothing to record"), record(*nothing):
        pass
