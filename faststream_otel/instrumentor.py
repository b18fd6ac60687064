"""Zero-code instrumentation: every broker gets its middleware from outside.

Needs `opentelemetry-instrumentation`, which the extra `instrumentor` brings.
"""

from __future__ import annotations

import inspect
import logging
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypedDict
from weakref import WeakKeyDictionary, WeakSet

from faststream._internal.broker import BrokerUsecase
from opentelemetry.instrumentation.instrumentor import (  # type: ignore[attr-defined]
    BaseInstrumentor,
)

from faststream_otel import _options
from faststream_otel._faststream import (
    is_faststreams_own,
    middlewares,
    package_of,
    remove_middleware,
)
from faststream_otel._faults import tell_once
from faststream_otel._middleware import TelemetryMiddleware
from faststream_otel._wrapped import unwatch, watch

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.propagators.textmap import TextMapPropagator
    from opentelemetry.trace import TracerProvider
    from typing_extensions import Unpack

    from faststream_otel._faststream import Broker
    from faststream_otel._options import BaggageKeys, Hook, Incoming

__all__ = ("FastStreamInstrumentor",)

_logger = logging.getLogger("faststream_otel")

_INSTRUMENTS: Final = ("faststream >= 0.7.6, < 0.8",)
_BROKERS: Final = frozenset({"confluent", "kafka", "mqtt", "nats", "rabbit", "redis"})


class _Options(TypedDict, total=False):
    """The options of the middlewares, and those that every instrumentor accepts."""

    tracer_provider: TracerProvider | None
    meter_provider: MeterProvider | None
    logger_provider: LoggerProvider | None
    propagator: TextMapPropagator | None
    incoming: Incoming
    baggage_keys: BaggageKeys | None
    capture_headers: Iterable[str] | None
    destination_templates: Iterable[str] | None
    exclude: Iterable[str] | None
    publish_hook: Hook | None
    consume_hook: Hook | None
    create_spans: bool
    settle_spans: bool
    record_body_size: bool
    record_queue_time: bool
    skip_dep_check: bool
    raise_exception_on_conflict: bool


@dataclass(frozen=True, kw_only=True)
class _Configuration:
    """The options that a declarative configuration file can give.

    `opentelemetry-configuration` reads these types, and passes on what is not None.
    """

    incoming: str | None = None
    baggage_keys: list[str] | None = None
    capture_headers: list[str] | None = None
    destination_templates: list[str] | None = None
    exclude: list[str] | None = None
    create_spans: bool | None = None
    settle_spans: bool | None = None
    record_body_size: bool | None = None
    record_queue_time: bool | None = None


class FastStreamInstrumentor(BaseInstrumentor):  # type: ignore[misc]
    """Traces every broker in the process, without changing the application.

    `opentelemetry-instrument` finds it under the name `faststream`. In code:
    `FastStreamInstrumentor().instrument()`.

    Each broker's middleware is the outermost, so whatever other middlewares do, log or
    publish belongs to the message's span. If a broker or one of its routers already
    has a telemetry middleware, the broker is left as it is, so that nothing is traced
    twice.
    """

    configuration = _Configuration

    # An instrumentor is one instance, which each call of the class initializes anew.
    _options: ClassVar[dict[str, Any]] = {}
    _made: ClassVar[WeakKeyDictionary[Broker, TelemetryMiddleware[Any, Any]]] = (
        WeakKeyDictionary()
    )
    _left: ClassVar[WeakSet[Broker]] = WeakSet()

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return the versions of FastStream that this instrumentor supports."""
        return _INSTRUMENTS

    def instrument(self, **options: Unpack[_Options]) -> None:
        """Give every broker its middleware, whether made before this call or after it.

        Args:
            options: The same options as those of the middlewares.

        Raises:
            ValueError: An option has an invalid value.
            TypeError: An option is unknown, or has a value of the wrong type.
        """
        super().instrument(**options)

    def uninstrument(self, **kwargs: Any) -> None:
        """Remove these middlewares; those that the application added stay."""
        super().uninstrument(**kwargs)

    def instrument_broker(self, broker: Broker, **options: Unpack[_Options]) -> None:
        """Give one broker its middleware, and leave all other brokers as they are.

        Args:
            broker: A broker, connected or not. A broker that already has a telemetry
                middleware is left as it is.
            options: The same options as those of the middlewares.

        Raises:
            ValueError: An option has an invalid value.
            TypeError: An option is unknown or has a value of the wrong type, or
                `broker` is not a FastStream broker.
        """
        given: object = broker
        if not isinstance(given, BrokerUsecase) or _middleware_of(broker) is None:
            raise TypeError(f"{broker!r} is not a FastStream broker")
        _check(dict(options))
        self._give(broker, dict(options))

    def uninstrument_broker(self, broker: Broker) -> None:
        """Remove the middleware of one broker, if this class added it."""
        ours = self._made.pop(broker, None)
        if ours is not None:
            remove_middleware(broker, ours)

    def _instrument(self, **options: Any) -> None:
        _check(options)
        self._options.update(options)
        watch(self._attend)

    def _uninstrument(self, **kwargs: Any) -> None:
        unwatch(self._attend)
        for broker, middleware in self._made.items():
            remove_middleware(broker, middleware)
        self._made.clear()
        self._options.clear()

    def _attend(self, broker: Broker) -> None:
        try:
            self._give(broker, self._options)
        except Exception:
            tell_once("Instrumenting a broker")

    def _give(self, broker: Broker, options: dict[str, Any]) -> None:
        """Give `broker` its middleware, or take it back if there is another."""
        ours = self._made.get(broker)
        others = [
            each for stack in middlewares(broker) for each in stack if each is not ours
        ]
        by_faststream = any(map(is_faststreams_own, others))
        if by_faststream or any(isinstance(m, TelemetryMiddleware) for m in others):
            if by_faststream and broker not in self._left:
                self._left.add(broker)
                _logger.warning(
                    "%s has FastStream's own TelemetryMiddleware, and is not "
                    "instrumented: its messages would be traced twice",
                    type(broker).__name__,
                )
            if ours is not None:
                remove_middleware(broker, self._made.pop(broker))
            return
        kind = _middleware_of(broker)
        if ours is not None or kind is None:
            return
        ours = self._made[broker] = kind(**options)
        broker.insert_middleware(ours)
        # One that is connected will not do it.
        ours.messages.bind(broker)


def gave(middleware: object) -> bool:
    """Whether an instrumentor gave a broker this middleware."""
    made = FastStreamInstrumentor._made.values()  # noqa: SLF001 - the class above
    return any(each is middleware for each in made)


def _check(options: dict[str, Any]) -> None:
    """Let wrong options fail here, not in the application that makes a broker."""
    bound = inspect.signature(TelemetryMiddleware).bind(**options)
    bound.apply_defaults()
    checked = inspect.signature(_options.check).parameters
    _options.check(**{name: bound.arguments[name] for name in checked})


def _middleware_of(broker: Broker) -> type[TelemetryMiddleware[Any, Any]] | None:
    """Find the middleware for `broker`, whose client is imported if it is there."""
    name = package_of(broker)
    if name not in _BROKERS:
        return None
    module = import_module(f"faststream_otel.{name}")
    middleware: type[TelemetryMiddleware[Any, Any]] = getattr(module, *module.__all__)
    return middleware
