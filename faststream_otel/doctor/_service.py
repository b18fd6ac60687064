"""What the doctor examines: read once, and handed to all checks."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from opentelemetry import _logs, metrics, trace

from faststream_otel._faststream import middlewares
from faststream_otel._middleware import TelemetryMiddleware
from faststream_otel._recording import records
from faststream_otel.doctor import _sdk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Signal = Literal["traces", "metrics", "logs"]
SIGNALS: Final[tuple[Signal, ...]] = get_args(Signal)
Phase = Literal["before", "import", "start"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user asked of the doctor.

    Attributes:
        offline: Nothing may be sent.
        server: What runs the service, such as `uvicorn`; empty if not told.
        timeout: How long to wait for an answer, in seconds.
        start: The application is started.
    """

    offline: bool = False
    server: str = ""
    timeout: float = 3.0
    start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A global provider that somebody set, or tried to.

    Attributes:
        signal: What it provides for.
        provider: The provider.
        place: Where that was done, as in `app.py:12`.
        phase: `"import"` while the application was loaded, `"start"` while it started.
        taken: Whether it is the global provider now; the first one stays.
        running: Whether a broker was connected already.
    """

    signal: Signal
    provider: object
    place: str
    phase: Phase
    taken: bool
    running: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider that is in use.

    Attributes:
        signal: What it provides for.
        given: As the application has it.
        sdk: The SDK's provider that it is, or that is inside of it; None if there is
            none, as with a vendor's own.
        is_global: Whether it is the global one.
        owners: Who uses it, in words: `the global provider`, `KafkaBroker`.
    """

    signal: Signal
    given: Any
    sdk: Any
    is_global: bool
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The middlewares that a message passes, from the outermost to the innermost.

    Attributes:
        owner: The broker, a subscriber or a publisher, in words.
        middlewares: As FastStream has them.
    """

    owner: str
    middlewares: tuple[Any, ...]

    @property
    def ours(self) -> list[TelemetryMiddleware[Any, Any]]:
        """Those of this package."""
        return [each for each in self.middlewares if is_ours(each)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A broker of the application.

    Attributes:
        name: Its class, with a number where there are several: `KafkaBroker 2`.
        broker: The broker itself.
        stack: Its own middlewares.
        inner: Those of its subscribers and publishers, where they are others than its
            own, as with a router that has some.
    """

    name: str
    broker: Any
    stack: Stack
    inner: tuple[Stack, ...]

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """Its own middlewares first."""
        return (self.stack, *self.inner)

    @property
    def ours(self) -> list[TelemetryMiddleware[Any, Any]]:
        """The middlewares of this package, each once."""
        found = {id(each): each for stack in self.stacks for each in stack.ours}
        return list(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An application that has been loaded.

    Attributes:
        application: What was loaded.
        brokers: Its brokers.
        providers: The providers in use that the API did not bring.
        settings: Who set a global provider while the application was loaded, in order.
        environment: The environment variables.
        asked: What the user asked of the doctor.
    """

    application: Any
    brokers: tuple[Broker, ...]
    providers: tuple[Provider, ...]
    settings: tuple[Setting, ...]
    environment: Mapping[str, str]
    asked: Asked = field(default_factory=Asked)

    def of(self, signal: Signal) -> list[Provider]:
        """The providers of one signal."""
        return [each for each in self.providers if each.signal == signal]

    @property
    def ours(self) -> list[TelemetryMiddleware[Any, Any]]:
        """The middlewares of this package, each once."""
        found = {id(each): each for broker in self.brokers for each in broker.ours}
        return list(found.values())

    @property
    def is_switched_off(self) -> bool:
        """Whether a variable switches the SDK off."""
        value = self.environment.get("OTEL_SDK_DISABLED", "")
        return value.strip().lower() == "true"


def is_ours(middleware: object) -> bool:
    """Whether a middleware is an instance of one of this package's."""
    return isinstance(middleware, TelemetryMiddleware)


def read(
    application: Any,
    brokers: Sequence[Any],
    *,
    settings: Sequence[Setting] = (),
    environment: Mapping[str, str],
    asked: Asked,
) -> Service:
    """Read what there is, without changing it."""
    named = tuple(_brokers(brokers))
    return Service(
        application=application,
        brokers=named,
        providers=tuple(_providers(named)),
        settings=tuple(settings),
        environment=dict(environment),
        asked=asked,
    )


def _brokers(brokers: Sequence[Any]) -> Iterator[Broker]:
    kinds = [type(each).__name__ for each in brokers]
    for position, broker in enumerate(brokers):
        kind = kinds[position]
        number = kinds[: position + 1].count(kind)
        name = f"{kind} {number}" if kinds.count(kind) > 1 else kind
        own, *others = (tuple(stack) for stack in middlewares(broker))
        inner: list[Stack] = []
        endpoints = (*broker.subscribers, *broker.publishers)
        for endpoint, stack in zip(endpoints, others, strict=True):
            if stack != own and stack not in (each.middlewares for each in inner):
                owner = _endpoint(endpoint)
                inner.append(Stack(owner=owner, middlewares=stack))
        yield Broker(
            name=name,
            broker=broker,
            stack=Stack(owner=name, middlewares=own),
            inner=tuple(inner),
        )


def _endpoint(endpoint: Any) -> str:
    """Name a subscriber or a publisher as its author would."""
    what = "publisher" if "Publisher" in type(endpoint).__name__ else "subscriber"
    call = next(iter(getattr(endpoint, "calls", ())), None)
    function = getattr(getattr(call, "handler", None), "_original_call", None)
    name = getattr(function, "__name__", "")
    return f"the {what} {name}".rstrip()


def _providers(brokers: Sequence[Broker]) -> Iterator[Provider]:
    globals_: dict[Signal, Any] = {
        "traces": trace.get_tracer_provider(),
        "metrics": metrics.get_meter_provider(),
        "logs": _logs.get_logger_provider(),
    }
    for signal, default in globals_.items():
        owners: dict[int, list[str]] = {id(default): ["the global provider"]}
        given: dict[int, Any] = {id(default): default}
        for broker in brokers:
            for middleware in broker.ours:
                provider = _given(middleware, signal)
                if provider is None:
                    continue
                given[id(provider)] = provider
                owners.setdefault(id(provider), []).append(broker.name)
        for key, provider in given.items():
            if records(provider):
                yield Provider(
                    signal=signal,
                    given=provider,
                    sdk=_sdk.inside(provider, signal),
                    is_global=provider is default,
                    owners=tuple(dict.fromkeys(owners[key])),
                )


def _given(middleware: TelemetryMiddleware[Any, Any], signal: Signal) -> Any:
    telemetry = middleware.telemetry
    return {
        "traces": telemetry.tracer_provider,
        "metrics": telemetry.meter_provider,
        "logs": telemetry.logger_provider,
    }[signal]


def instrumented() -> bool:
    """Whether `opentelemetry-instrument` runs this process."""
    return "opentelemetry.instrumentation.auto_instrumentation" in sys.modules
