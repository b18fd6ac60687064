"""What a tracer provider can do, whatever its class is."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.sdk.trace import SpanProcessor

# How many wrappers may be around an SDK's provider.
_DEPTH: Final = 4


def records_nothing(provider: trace.TracerProvider) -> bool:
    """Whether the API brought it."""
    return type(provider).__module__ == trace.__name__


def seen_by_processors(provider: Any) -> Any:
    """Give what a span processor can be added to, so that it sees all spans.

    That is a provider of the SDK, which may be inside the one that is asked for, as
    Logfire has it; or one of another class that takes processors as the SDK's does.

    Raises:
        TypeError: There is nothing.
    """
    for inside in _inside(provider, _DEPTH):
        if isinstance(inside, TracerProvider):
            return inside
    if callable(getattr(provider, "add_span_processor", None)):
        return provider
    kind = type(provider)
    raise TypeError(
        f"{kind.__module__}.{kind.__qualname__} cannot be recorded: it does not "
        "accept a span processor (it has no `add_span_processor`), and does not wrap "
        "a provider of OpenTelemetry's SDK. In tests, pass a different provider to the "
        "middleware: `tracer_provider=opentelemetry.sdk.trace.TracerProvider()`"
    )


def _inside(provider: Any, depth: int) -> Iterator[Any]:
    """A provider, and those that it wraps."""
    yield provider
    if isinstance(provider, TracerProvider) or not depth:
        return
    slots = {
        name: getattr(provider, name)
        for kind in type(provider).__mro__
        for name in getattr(kind, "__slots__", ())
        if hasattr(provider, name)
    }
    for value in (*getattr(provider, "__dict__", {}).values(), *slots.values()):
        if isinstance(value, trace.TracerProvider):
            yield from _inside(value, depth - 1)


def remove(provider: Any, processor: SpanProcessor) -> bool:
    """Take a span processor back, which only an SDK's provider can give.

    Another keeps it; without a recording it does nothing.

    Returns:
        Whether it could be taken back.
    """
    processors: Any = getattr(provider, "_active_span_processor", None)
    if not isinstance(getattr(processors, "_span_processors", None), tuple):
        return False
    with processors._lock:
        processors._span_processors = tuple(
            each for each in processors._span_processors if each is not processor
        )
    return True


def reference(provider: object) -> Callable[[], object]:
    """Refer to a provider, without keeping it if that can be."""
    try:
        return weakref.ref(provider)
    except TypeError:
        return lambda: provider
