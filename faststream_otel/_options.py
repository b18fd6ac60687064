"""The options of a middleware, checked where the developer wrote them."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from inspect import (
    isasyncgenfunction,
    isawaitable,
    iscoroutine,
    iscoroutinefunction,
)
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from faststream_otel._destination import Template
from faststream_otel._faults import FAULTS, tell_once, warn_once
from faststream_otel._headers import attribute_of

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
    """What a middleware was told, in the form in which its scopes use it.

    `given` is what it was told, to compare it with what another one was told.
    """

    given: tuple[object, ...]
    propagator: TextMapPropagator | None
    incoming: Incoming
    accepts_baggage: Callable[[str], bool] | None
    # The attribute of each header that is recorded, by its name in lower case.
    capture_headers: dict[str, str]
    destination_templates: tuple[Template, ...]
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
    destination_templates: Iterable[str] | None,
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
        ValueError: An option has an invalid value.
        TypeError: An option has a value of the wrong type.
    """
    if incoming not in get_args(Incoming):
        raise ValueError(
            f"incoming={incoming!r} is not valid: "
            f"choose one of {', '.join(map(repr, get_args(Incoming)))}"
        )
    refuse_class("propagator", propagator)
    if propagator is not None and not (
        hasattr(propagator, "inject") and hasattr(propagator, "extract")
    ):
        raise TypeError(
            f"propagator={propagator!r} is not a propagator: pass an instance of "
            "opentelemetry.propagators.textmap.TextMapPropagator, or leave it out "
            "for the global one"
        )
    for name, hook in (("publish_hook", publish_hook), ("consume_hook", consume_hook)):
        if hook is not None and not callable(hook):
            raise TypeError(
                f"{name}={hook!r} is not callable: pass a function that takes a span "
                f"and a {'command' if name == 'publish_hook' else 'message'}"
            )
        _refuse_async(name, hook)
    for name, switch in (
        ("create_spans", create_spans),
        ("settle_spans", settle_spans),
        ("record_body_size", record_body_size),
        ("record_queue_time", record_queue_time),
    ):
        if not isinstance(switch, bool):
            raise TypeError(f"{name}={switch!r} is not valid: pass True or False")

    patterns = _names("exclude", exclude, EXCLUDE)
    captured = _names("capture_headers", capture_headers, CAPTURE_HEADERS)
    templates = _names("destination_templates", destination_templates)
    return Options(
        given=(
            *(propagator, incoming, baggage_keys, captured, templates, patterns),
            *(publish_hook, consume_hook, create_spans, settle_spans),
            *(record_body_size, record_queue_time),
        ),
        propagator=propagator,
        incoming=incoming,
        accepts_baggage=_accepts(baggage_keys),
        capture_headers={name.lower(): attribute_of(name) for name in captured},
        destination_templates=tuple(map(Template, templates)),
        excludes=_matcher(patterns) if patterns else None,
        publish_hook=publish_hook,
        consume_hook=consume_hook,
        create_spans=create_spans,
        settle_spans=settle_spans,
        record_body_size=record_body_size,
        record_queue_time=record_queue_time,
    )


# Options of FastStream's own middleware that have another name here, or none.
_SUCCESSORS: Final = {
    "meter": "pass the meter's provider as meter_provider",
    "include_messages_counters": "messages are always counted, so leave it out",
}


def refuse_unknown(owner: str, given: Collection[str], known: Collection[str]) -> None:
    """Raise for an option that does not exist, and say what was meant.

    Args:
        owner: The class that was called.
        given: The names of the arguments.
        known: The names of the options.

    Raises:
        TypeError: There is no such option.
    """
    for name in given:
        if name in known:
            continue
        close = get_close_matches(name, known, n=1)
        advice = _SUCCESSORS.get(name) or (
            f"did you mean {close[0]}?" if close else f"choose from {', '.join(known)}"
        )
        raise TypeError(f"{owner} has no option {name}: {advice}")


def refuse_class(name: str, given: object) -> None:
    """Raise for a class where an instance is wanted.

    Raises:
        TypeError: It is a class.
    """
    if isinstance(given, type):
        raise TypeError(
            f"{name}={given.__qualname__} is a class: pass an instance, "
            f"as in {name}={given.__qualname__}(...)"
        )


def called(function: Callable[..., Any], kind: str, *arguments: object) -> object:
    """Call what the application gave; what it raises, and a coroutine, stay here.

    Args:
        function: A hook or a predicate.
        kind: Which of them, in words that the reader of a log understands.
        arguments: What it is called with.

    Returns:
        What it returns; None where it fails.
    """
    try:
        result = function(*arguments)
    except FAULTS:
        tell_once(f"{kind} {_name_of(function)}")
        return None
    if iscoroutine(result):
        result.close()
        warn_once(
            f"{kind} {_name_of(function)} returned a coroutine, which is never "
            "awaited: pass a plain function instead."
        )
        return None
    return result


def _name_of(function: object) -> str:
    return repr(getattr(function, "__qualname__", type(function).__qualname__))


def _refuse_async(name: str, function: object) -> None:
    while isinstance(function, partial):
        function = function.func
    call = getattr(type(function), "__call__", None)  # noqa: B004 - is it a coroutine?
    if any(
        iscoroutinefunction(each) or isasyncgenfunction(each)
        for each in (function, call)
    ):
        raise TypeError(
            f"{name}={function!r} is asynchronous, but it is called without await: "
            "pass a plain function instead"
        )


def _names(
    name: str, given: Iterable[str] | None, variable: str | None = None
) -> tuple[str, ...]:
    """Give a list of names, from the environment if the argument was left out."""
    if given is None:
        value = os.environ.get(variable, "") if variable else ""
        return tuple(filter(None, (part.strip() for part in value.split(","))))
    if isinstance(given, (str, bytes)):
        raise TypeError(
            f"{name}={given!r} is a single string: pass a list, [{given!r}]"
        )
    try:
        names: tuple[object, ...] = tuple(given)
    except TypeError:
        raise TypeError(
            f"{name}={given!r} is not valid: pass a list of strings"
        ) from None
    for entry in names:
        if not isinstance(entry, str) or not entry:
            raise TypeError(f"{name} contains {entry!r}: each entry must be a string")
    return tuple(map(str, names))


def _matcher(patterns: tuple[str, ...]) -> Callable[[str], object]:
    return re.compile("|".join(map(fnmatch.translate, patterns))).match


def _accepts(keys: BaggageKeys | None) -> Callable[[str], bool] | None:
    if keys is None:
        return None
    refuse_class("baggage_keys", keys)
    _refuse_async("baggage_keys", keys)
    if callable(keys):
        predicate = keys

        def accepts(key: str) -> bool:
            answer = called(predicate, "The predicate", key)
            # What waits to be awaited has not answered.
            return answer is True or (bool(answer) and not isawaitable(answer))

        return accepts
    if isinstance(keys, (str, bytes)):
        raise TypeError(
            f"baggage_keys={keys!r} is a single string: pass a list, [{keys!r}]"
        )
    try:
        return frozenset(keys).__contains__
    except TypeError:
        raise TypeError(
            f"baggage_keys={keys!r} is not valid: pass a collection of keys, or a "
            "function that says whether a key is accepted"
        ) from None
