"""The options of a middleware, checked where the developer wrote them."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from faststream_otel._faults import tell_once

if TYPE_CHECKING:
    from opentelemetry.propagators.textmap import TextMapPropagator
    from opentelemetry.trace import Span

Incoming = Literal["continue", "link", "ignore"]
Hook = Callable[["Span", Any], object]
BaggageKeys = Callable[[str], bool] | Collection[str]

# The name that OpenTelemetry's Java agent has for it; Python's has none for messaging.
CAPTURE_HEADERS: Final = "OTEL_INSTRUMENTATION_MESSAGING_EXPERIMENTAL_HEADERS_INCLUDED"
# After OTEL_PYTHON_<LIBRARY>_EXCLUDED_URLS of the instrumentations for HTTP.
EXCLUDE: Final = "OTEL_PYTHON_FASTSTREAM_EXCLUDED_DESTINATIONS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a middleware was told, in the form in which its scopes use it."""

    propagator: TextMapPropagator | None
    incoming: Incoming
    accepts_baggage: Callable[[str], bool] | None
    capture_headers: tuple[str, ...]
    excludes: Callable[[str], object] | None
    publish_hook: Hook | None
    consume_hook: Hook | None
    create_spans: bool
    settle_spans: bool
    record_body_size: bool
    record_queue_time: bool


def check(
    *,
    propagator: TextMapPropagator | None,
    incoming: Incoming,
    baggage_keys: BaggageKeys | None,
    capture_headers: Iterable[str] | None,
    exclude: Iterable[str] | None,
    publish_hook: Hook | None,
    consume_hook: Hook | None,
    create_spans: bool,
    settle_spans: bool,
    record_body_size: bool,
    record_queue_time: bool,
) -> Options:
    """Check options, and take from the environment what was left out.

    Raises:
        ValueError: An option has a value that makes no sense.
        TypeError: An option has a value of a wrong type.
    """
    if incoming not in get_args(Incoming):
        raise ValueError(
            f"incoming={incoming!r} is not known: "
            f"choose one of {', '.join(map(repr, get_args(Incoming)))}"
        )
    if propagator is not None and not (
        hasattr(propagator, "inject") and hasattr(propagator, "extract")
    ):
        raise TypeError(
            f"propagator={propagator!r} is no propagator: give an instance of "
            "opentelemetry.propagators.textmap.TextMapPropagator, or leave it out "
            "for the global one"
        )
    for name, hook in (("publish_hook", publish_hook), ("consume_hook", consume_hook)):
        if hook is not None and not callable(hook):
            raise TypeError(
                f"{name}={hook!r} cannot be called: give a function of a span and "
                f"a {'command' if name == 'publish_hook' else 'message'}"
            )
    for name, switch in (
        ("create_spans", create_spans),
        ("settle_spans", settle_spans),
        ("record_body_size", record_body_size),
        ("record_queue_time", record_queue_time),
    ):
        if not isinstance(switch, bool):
            raise TypeError(f"{name}={switch!r} is no switch: give True or False")

    patterns = _names("exclude", exclude, EXCLUDE)
    return Options(
        propagator=propagator,
        incoming=incoming,
        accepts_baggage=_accepts(baggage_keys),
        capture_headers=_names("capture_headers", capture_headers, CAPTURE_HEADERS),
        excludes=_matcher(patterns) if patterns else None,
        publish_hook=publish_hook,
        consume_hook=consume_hook,
        create_spans=create_spans,
        settle_spans=settle_spans,
        record_body_size=record_body_size,
        record_queue_time=record_queue_time,
    )


def _names(name: str, given: Iterable[str] | None, variable: str) -> tuple[str, ...]:
    """Give a list of names, from the environment if the argument was left out."""
    if given is None:
        given = [part.strip() for part in os.environ.get(variable, "").split(",")]
        return tuple(part for part in given if part)
    if isinstance(given, (str, bytes)):
        raise TypeError(f"{name}={given!r} is one text: give a list, [{given!r}]")
    names: tuple[object, ...] = tuple(given)
    for entry in names:
        if not isinstance(entry, str) or not entry:
            raise TypeError(f"{name} contains {entry!r}: each entry is a text")
    return tuple(map(str, names))


def _matcher(patterns: tuple[str, ...]) -> Callable[[str], object]:
    return re.compile("|".join(map(fnmatch.translate, patterns))).match


def _accepts(keys: BaggageKeys | None) -> Callable[[str], bool] | None:
    if keys is None:
        return None
    if callable(keys):
        predicate = keys

        def accepts(key: str) -> bool:
            try:
                return bool(predicate(key))
            except Exception:
                tell_once("The predicate `baggage_keys`")
                return False

        return accepts
    if isinstance(keys, (str, bytes)):
        raise TypeError(f"baggage_keys={keys!r} is one text: give a list, [{keys!r}]")
    try:
        return frozenset(keys).__contains__
    except TypeError:
        raise TypeError(
            f"baggage_keys={keys!r}: give a collection of keys, or a function that "
            "says whether a key is accepted"
        ) from None
