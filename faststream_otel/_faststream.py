"""FastStream's private parts, all that this package uses of them.

`tests/test_faststream.py` fails when one of them changes.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from faststream._internal.broker import BrokerUsecase
    from faststream._internal.endpoint.subscriber import SubscriberUsecase

    Subscriber = SubscriberUsecase[Any]
    Broker = BrokerUsecase[Any, Any, Any]


def is_in_memory(subscriber: Subscriber) -> bool:
    """Whether one of FastStream's test brokers delivers its messages."""
    producer = type(subscriber._outer_config.producer)
    return producer.__module__.endswith(".testing")


def remove_middleware(broker: Broker, middleware: object) -> None:
    """Undo `broker.insert_middleware`, which FastStream has no method for."""
    config = broker.config.broker_config
    config.broker_middlewares = tuple(
        each for each in config.broker_middlewares if each is not middleware
    )


def middlewares(broker: Broker) -> Iterator[Sequence[object]]:
    """Give the middlewares of `broker` and of each of its subscribers and publishers.

    Each time from the outermost to the innermost, those of routers included.
    """
    yield broker.middlewares
    for endpoint in (*broker.subscribers, *broker.publishers):
        yield endpoint._outer_config.broker_middlewares


def is_faststreams_own(middleware: object) -> bool:
    """Whether a middleware is the one that FastStream has for OpenTelemetry."""
    # Where nothing has imported it, no middleware is of its kind.
    module = sys.modules.get("faststream.opentelemetry.middleware")
    return module is not None and isinstance(middleware, module.TelemetryMiddleware)


def package_of(broker: Broker) -> str | None:
    """Name the part of FastStream that a broker comes from, as in `nats`."""
    for kind in type(broker).__mro__:
        package, _, rest = kind.__module__.partition(".")
        name = rest.partition(".")[0]
        if package == "faststream" and not name.startswith("_"):
            return name
    return None


def server(broker: Broker, default_port: int) -> tuple[str, int | None] | None:
    """Give the address to which the client of `broker` connects, the first of several.

    It is not that of the AsyncAPI document, which is written for readers.

    Args:
        broker: A broker, connected or not.
        default_port: The port that its client takes where the address has none.

    Returns:
        The host and port, or the path of a socket and None; None where the broker has
        no address that can be read.
    """
    options = broker._connection_kwargs
    for name in ("startup_nodes", "sentinels"):
        nodes = options.get(name)
        if nodes:
            node = nodes[0]
            if isinstance(node, (tuple, list)):
                return str(node[0]), int(node[1])
            return str(node.host), int(node.port)
    if options.get("path"):
        return str(options["path"]), None
    if options.get("host"):
        return str(options["host"]), int(options.get("port") or default_port)
    addresses = (
        options.get("bootstrap_servers") or options.get("servers") or options.get("url")
    )
    if addresses is None:
        addresses = _of_confluent(broker)
    first = addresses if isinstance(addresses, str) else next(iter(addresses or ()), "")
    first = str(first).partition(",")[0].strip()
    try:
        # A Kafka address has no scheme, and without one it would be read as a path.
        parts = urlsplit(first if "://" in first else f"//{first}")
        return (parts.hostname, parts.port or default_port) if parts.hostname else None
    except ValueError:
        return None


def _of_confluent(broker: Broker) -> str | None:
    # Its client takes one text, which its own configuration may have changed.
    config = getattr(broker.config, "connection_config", None)
    for part in ("producer_config", "consumer_config"):
        options = getattr(config, part, None)
        if isinstance(options, dict) and options.get("bootstrap.servers"):
            return str(options["bootstrap.servers"])
    return None


def connection_option(broker: Broker, name: str) -> object:
    """Give what the client of `broker` is told when it connects; None if it is not."""
    return broker._connection_kwargs.get(name)


def producers(brokers: Iterable[Broker]) -> Iterator[Any]:
    """What sends the messages of `brokers`: in a test, their stand-ins."""
    for broker in brokers:
        yield broker.config.producer
        # Publishers of Redis have one each.
        for publisher in broker.publishers:
            if hasattr(publisher, "producer"):
                yield publisher.producer


def prefix(subscriber: Subscriber) -> str:
    """Give what the routers of `subscriber` put before its destination."""
    return subscriber._outer_config.prefix


def handler_name(subscriber: Subscriber) -> str | None:
    """Give the full name of the function that handles a subscriber's messages.

    Returns:
        None where there are several, told apart by filters that have yet to run.
    """
    if len(subscriber.calls) != 1:
        return None
    return _qualified(subscriber.calls[0].handler)


def handlers(subscriber: Subscriber) -> Iterator[Callable[..., Any]]:
    """Give the functions that handle a subscriber's messages."""
    for call in subscriber.calls:
        yield call.handler._original_call


def running_handler_name(call_next: Callable[..., Any]) -> str | None:
    """Give the full name of the handler that a consume scope is about to call."""
    return _qualified(getattr(innermost(call_next), "__self__", None))


def innermost(call_next: Any) -> Any:
    """Give what the last of the middlewares will call."""
    while isinstance(call_next, functools.partial):
        call_next = call_next.args[0]
    return call_next


def around_innermost(
    call_next: Any, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> Any:
    """Give `call_next` with what the last of the middlewares will call wrapped."""
    if isinstance(call_next, functools.partial):
        inside = around_innermost(call_next.args[0], wrap)
        return functools.partial(
            call_next.func, inside, *call_next.args[1:], **call_next.keywords
        )
    return wrap(call_next)


def _qualified(handler: object) -> str | None:
    function = getattr(handler, "_original_call", None)
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__qualname__", None)
    if name is not None:
        return f"{function.__module__}.{name}"
    if function is None:
        return None
    # An instance that can be called.
    kind = type(function)
    return f"{kind.__module__}.{kind.__qualname__}.__call__"
