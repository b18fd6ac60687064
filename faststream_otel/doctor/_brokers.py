"""Checks of the brokers and their middlewares."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from faststream_otel._faststream import is_faststreams_own, package_of, server
from faststream_otel._middleware import TelemetryMiddleware
from faststream_otel._wrapped import replaced
from faststream_otel.doctor._finding import Fact, Finding, Rule
from faststream_otel.doctor._options import name_of
from faststream_otel.doctor._service import instrumented

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel.doctor._service import Broker, Service, Stack

NO_MIDDLEWARE: Final = Rule(
    "FSO001",
    "error",
    "A broker has no telemetry middleware.",
    "Its messages are not recorded, and carry no trace context.",
    "from faststream_otel.{package} import {middleware}\n"
    "{kind}(middlewares=[{middleware}()])\n"
    "Or start the service with opentelemetry-instrument",
)
SWITCHED_OFF: Final = Rule(
    "FSO011",
    "error",
    "opentelemetry-instrument is configured to add no middlewares.",
    "Their messages are not recorded, and carry no trace context.",
    "Remove faststream from OTEL_PYTHON_DISABLED_INSTRUMENTATIONS.",
)
NOT_GIVEN: Final = Rule(
    "FSO012",
    "error",
    "opentelemetry-instrument added no middleware to a broker.",
    "Its messages are not recorded, and carry no trace context.",
    "Look at the log above for the reason, such as a version that is not supported\n"
    "Or in code: {kind}(middlewares=[{middleware}()])",
)
NO_MIDDLEWARE_IN_PART: Final = Rule(
    "FSO002",
    "warning",
    "Only part of a broker has a telemetry middleware.",
    "Messages of the rest are not recorded, so traces have gaps.",
    "Pass the middleware to the broker, not to a router: "
    "{kind}(middlewares=[{middleware}()])",
)
OTHER_KIND: Final = Rule(
    "FSO003",
    "error",
    "A broker has the telemetry middleware for a different kind of broker.",
    "The broker raises TypeError when it connects.",
    "from faststream_otel.{package} import {middleware}",
)
CLASS: Final = Rule(
    "FSO004",
    "error",
    "A broker was given the class of a middleware instead of an instance.",
    "The broker raises TypeError when it connects.",
    "middlewares=[{middleware}()], with parentheses",
)
BESIDE_FASTSTREAMS: Final = Rule(
    "FSO005",
    "error",
    "A broker has both FastStream's own telemetry middleware and this package's.",
    "Each message is recorded twice, and each sender's context is read twice.",
    "Remove FastStream's own, from faststream.*.opentelemetry, from middlewares=[...]",
)
FASTSTREAMS: Final = Rule(
    "FSO006",
    "warning",
    "A broker has FastStream's own telemetry middleware instead of this package's.",
    "It records different names, and the options of this package do not apply.",
    "from faststream_otel.{package} import {middleware}",
)
TWICE: Final = Rule(
    "FSO007",
    "warning",
    "A broker has the telemetry middleware twice.",
    "The outermost one records each message, so the options of the other one have no "
    "effect.",
    "Keep only one of them in middlewares=[...]",
)
ROUTER_DIFFERS: Final = Rule(
    "FSO008",
    "warning",
    "The telemetry middlewares of a router and its broker have different options.",
    "The broker's middleware records each message, so the options of the router's "
    "have no effect.",
    "Remove it from the router, or pass it only to the routers.",
)
REPLACED: Final = Rule(
    "FSO009",
    "warning",
    "A method of FastStream that this package wraps has been replaced.",
    "It is wrapped again when a broker connects. Until then, spans have no broker "
    "address, and log lines have no trace id.",
    "Wrap it with functools.wraps, and call the method that was there.",
)
CLIENT_TOO: Final = Rule(
    "FSO010",
    "note",
    "The client of a broker is instrumented as well.",
    "Each message is recorded a second time, one level lower.",
    "To switch it off: OTEL_PYTHON_DISABLED_INSTRUMENTATIONS={name}, or do not call "
    "{instrumentor}()",
)

_MIDDLEWARES: Final = {
    "confluent": "KafkaTelemetryMiddleware",
    "kafka": "KafkaTelemetryMiddleware",
    "mqtt": "MQTTTelemetryMiddleware",
    "nats": "NatsTelemetryMiddleware",
    "rabbit": "RabbitTelemetryMiddleware",
    "redis": "RedisTelemetryMiddleware",
}
# By FastStream's package: the instrumentor of its client, and its name in the variable.
_CLIENTS: Final = {
    "confluent": ("confluent_kafka", "ConfluentKafkaInstrumentor", "confluent_kafka"),
    "kafka": ("aiokafka", "AIOKafkaInstrumentor", "aiokafka"),
    "rabbit": ("aio_pika", "AioPikaInstrumentor", "aio-pika"),
    "redis": ("redis", "RedisInstrumentor", "redis"),
}
_DISABLED: Final = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"


def check(service: Service) -> Iterator[Finding | Fact]:
    """Examine the brokers and their middlewares."""
    for broker in service.brokers:
        yield Fact("Broker", _described(broker))
        yield from _missing(broker, service)
        for stack in broker.stacks:
            yield from _misplaced(broker, stack)
        yield from _twice(broker)
        yield from _client(broker)
    if service.ours:
        for each in replaced():
            yield REPLACED.found(each)


def _described(broker: Broker) -> str:
    ours = broker.stack.ours
    port = ours[0].messages.default_port if ours else 0
    address = server(broker.broker, port)
    at = ":".join(str(part) for part in address or () if part)
    text = f"{broker.name}{f' at {at}' if at else ''}: {_names(broker.stack)}"
    for stack in broker.inner:
        text += f"\n{stack.owner}: {_names(stack)}"
    return text


def _names(stack: Stack) -> str:
    return ", ".join(map(name_of, stack.middlewares)) or "no middleware"


def _missing(broker: Broker, service: Service) -> Iterator[Finding]:
    stacks = broker.stacks
    if broker.stack.ours or any(map(_is_class, broker.stack.middlewares)):
        return
    gaps = _gaps(broker)
    if any(map(is_faststreams_own, broker.stack.middlewares)):
        seen = _names(broker.stack)
        yield FASTSTREAMS.found(seen, where=broker.name, **gaps)
    elif any(stack.ours for stack in stacks):
        parts = ", ".join(stack.owner for stack in broker.inner if stack.ours)
        seen = f"{broker.name} has {_names(broker.stack)}; {parts} has the middleware"
        yield NO_MIDDLEWARE_IN_PART.found(seen, where=broker.name, **gaps)
    else:
        seen = f"it has {_names(broker.stack)}"
        rule = NO_MIDDLEWARE
        disabled = service.environment.get(_DISABLED, "")
        if instrumented():
            rule = NOT_GIVEN
            if "faststream" in map(str.strip, disabled.split(",")):
                rule, seen = SWITCHED_OFF, f"{_DISABLED}={disabled}"
        yield rule.found(seen, where=broker.name, **gaps)


def _gaps(broker: Broker) -> dict[str, str]:
    package = package_of(broker.broker) or ""
    return {
        "package": package,
        "middleware": _MIDDLEWARES.get(package, "TelemetryMiddleware"),
        "kind": type(broker.broker).__name__,
    }


def _is_class(middleware: object) -> bool:
    return isinstance(middleware, type) and issubclass(middleware, TelemetryMiddleware)


def _misplaced(broker: Broker, stack: Stack) -> Iterator[Finding]:
    package = package_of(broker.broker)
    gaps = _gaps(broker)
    # What a router's stack has of its broker is the broker's.
    own = [
        each
        for each in stack.middlewares
        if stack is broker.stack or each not in broker.stack.middlewares
    ]
    for each in own:
        if _is_class(each):
            seen = f"middlewares=[{each.__name__}]"
            yield CLASS.found(seen, where=stack.owner, middleware=each.__name__)
    for each in stack.ours:
        if each in own and each.messages.package != package:
            kind = type(each)
            seen = f"{kind.__module__}.{kind.__name__} for faststream.{package}"
            yield OTHER_KIND.found(seen, where=stack.owner, **gaps)
    faststreams = [each for each in stack.middlewares if is_faststreams_own(each)]
    if stack.ours and faststreams and (stack is broker.stack or _new(own)):
        yield BESIDE_FASTSTREAMS.found(_names(stack), where=stack.owner)


def _new(own: list[Any]) -> bool:
    """Whether a router adds a middleware for OpenTelemetry."""
    return any(
        isinstance(each, TelemetryMiddleware) or is_faststreams_own(each)
        for each in own
    )


def _twice(broker: Broker) -> Iterator[Finding]:
    if len(broker.stack.ours) > 1:
        yield TWICE.found(_names(broker.stack), where=broker.name)
    if not broker.stack.ours:
        return
    outer = broker.stack.ours[0]
    for stack in broker.inner:
        for each in stack.ours[len(broker.stack.ours) :]:
            if not outer.telemetry.is_like(each.telemetry):
                yield ROUTER_DIFFERS.found(_names(stack), where=stack.owner)


def _client(broker: Broker) -> Iterator[Finding]:
    package = package_of(broker.broker) or ""
    if not broker.stack.ours or package not in _CLIENTS:
        return
    module, instrumentor, name = _CLIENTS[package]
    full = f"opentelemetry.instrumentation.{module}"
    kind = getattr(sys.modules.get(full), instrumentor, None)
    # An instrumentor is one instance, which each call of its class gives.
    if kind is not None and kind().is_instrumented_by_opentelemetry:
        seen = f"{full}.{instrumentor} is active"
        gaps = {"name": name, "instrumentor": f"{instrumentor}().instrument"}
        yield CLIENT_TOO.found(seen, where=broker.name, **gaps)
