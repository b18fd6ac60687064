"""What may be told of an exception: never what a message holds.

The text that a library writes about wrong input quotes that input, so it is content
of a message. Of such an exception its type is recorded, and the places at fault as far
as the application itself named them.
"""

from __future__ import annotations

import dataclasses
import traceback
import typing
from contextlib import suppress
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Final

from faststream_otel._faststream import handlers
from faststream_otel._faults import tell_once
from faststream_otel._text import bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from faststream_otel._faststream import Subscriber

# What the conventions have for an `error.type` that is not told.
OTHER_TYPE: Final = "_OTHER"

_NOT_RECORDED: Final = "not recorded: the text may quote the message"
_LONGEST_STACKTRACE: Final = 32_768
_MOST_PLACES: Final = 10
# Of a chain or a tree of exceptions: those that are told, and those that are looked at.
_MOST_EXCEPTIONS: Final = 50
_MOST_LOOKED_AT: Final = 1_000

# Libraries whose every exception is about input.
_PARSERS: Final = frozenset(
    {
        *("avro", "cattrs", "fast_depends", "fastavro", "jsonschema", "marshmallow"),
        *("msgpack", "msgspec", "orjson", "simplejson", "ujson"),
    }
)
# Exceptions about input, of libraries that have others.
_ABOUT_INPUT: Final = frozenset(
    {
        ("builtins", "UnicodeError"),
        ("fastapi", "ValidationException"),
        # It prints all that there is in FastStream's context, the message as well.
        ("faststream", "ContextError"),
        ("faststream", "SubscriberNotFound"),
        ("google", "DecodeError"),
        ("json", "JSONDecodeError"),
        ("pydantic", "ValidationError"),
        ("pydantic_core", "ValidationError"),
    }
)
# Built-in exceptions that are raised here are about input as well.
_READERS: Final = (
    *("fast_depends.", "faststream._internal.di.", "faststream._internal.fastapi."),
    *("faststream.message.", "json."),
)
_READER: Final = "parser"


class Told:
    """The texts of one exception and of all that led to it.

    Args:
        error: What was raised.
        declared: The names that the application gave to what a message holds.
    """

    __slots__ = ("_all_known", "_declared", "_quoted")

    def __init__(self, error: BaseException, declared: Container[str] = ()) -> None:
        self._declared = declared
        every = _all_of(error)
        # What an exception about input says may stand in the text of another one, and
        # so it may where there are too many to look at.
        self._quoted = [
            text
            for each in every
            if _is_about_input(each)
            for text in (_text(each, repr), _text(each))
            if len(text) > 1
        ]
        self._all_known = len(every) < _MOST_LOOKED_AT

    def message(self, error: BaseException) -> str:
        """Give the text of an exception that may be recorded."""
        if _is_about_input(error):
            return bounded(self._places(error) or _NOT_RECORDED)
        if not self._all_known:
            return _NOT_RECORDED
        text = _text(error)
        for quoted in self._quoted:
            text = text.replace(quoted, _NOT_RECORDED)
        return bounded(text)

    def stacktrace(self, error: BaseException) -> str:
        """Give the stack trace of an exception, and of those that led to it."""
        text = "".join(self._lines(error, set()))
        if len(text) > _LONGEST_STACKTRACE:
            # The outermost call and the innermost tell most.
            half = _LONGEST_STACKTRACE // 4
            text = f"{text[:half]}\n...\n{text[-half:]}"
        return bounded(text, _LONGEST_STACKTRACE)

    def _lines(self, error: BaseException, seen: set[int]) -> Iterator[str]:
        if id(error) in seen or len(seen) >= _MOST_EXCEPTIONS:
            return
        seen.add(id(error))
        cause, context, suppressed = _led_to_by(error)
        if cause is not None:
            yield from self._lines(cause, seen)
            yield "\nThe above exception was the direct cause of the following one:\n\n"
        elif context is not None and not suppressed:
            yield from self._lines(context, seen)
            yield "\nWhile that exception was handled, another one occurred:\n\n"
        try:
            frames = traceback.format_tb(error.__traceback__)
        except Exception:
            frames = []
        if frames:
            yield "Traceback (most recent call last):\n"
            yield from frames
        text = self.message(error)
        yield f"{type_name(error)}: {text}\n" if text else f"{type_name(error)}\n"
        if not _is_about_input(error):
            yield from (f"{bounded(note)}\n" for note in _notes(error))
        for index, each in enumerate(_members(error), 1):
            yield f"---------------- {index} ----------------\n"
            yield from self._lines(each, seen)

    def _places(self, error: BaseException) -> str:
        """Say where the input is wrong, without a word that the sender chose."""
        try:
            line = getattr(error, "lineno", None)
            if isinstance(line, int):
                return f"line {line}, column {getattr(error, 'colno', 0)}"
            errors: Any = getattr(error, "errors", None)
            found = errors() if callable(errors) else ()
            places = [
                f"{self._place(each['loc'])}: {each['type']}"
                for each in found[: _MOST_PLACES + 1]
            ]
        except Exception:
            return ""
        more = ["..."] if len(places) > _MOST_PLACES else []
        return "; ".join(places[:_MOST_PLACES] + more)

    def _place(self, parts: Iterable[object]) -> str:
        return ".".join(
            str(part)
            if isinstance(part, int)
            or (isinstance(part, str) and part in self._declared)
            else "*"
            for part in parts
        )


def type_name(error: BaseException) -> str:
    """Give the full name of an exception's class.

    The module of built-in exceptions is left out, as the SDK does in
    `exception.type`.
    """
    kind = type(error)
    try:
        module, name = kind.__module__, kind.__qualname__
        return bounded(f"{name}" if module == "builtins" else f"{module}.{name}")
    except Exception:
        # Not even its class answers.
        return OTHER_TYPE


def _text(error: BaseException, tell: Callable[[object], str] = str) -> str:
    try:
        # Exactly a text: a subclass of it may answer as it likes.
        return str.__str__(tell(error))
    except Exception:
        return "its text cannot be read"


def _is_about_input(error: BaseException) -> bool:
    try:
        for kind in type.mro(type(error)):
            package = kind.__module__.partition(".")[0]
            if package in _PARSERS or (package, kind.__name__) in _ABOUT_INPUT:
                return True
        if type(error).__module__ != "builtins":
            return False
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        module = frame.tb_frame.f_globals.get("__name__", "") if frame else ""
    except Exception:
        # What cannot be looked at may hold anything.
        return True
    return isinstance(module, str) and (
        module.startswith(_READERS)
        or (module.startswith("faststream.") and _READER in module)
    )


def _led_to_by(
    error: BaseException,
) -> tuple[BaseException | None, BaseException | None, bool]:
    try:
        return error.__cause__, error.__context__, error.__suppress_context__
    except Exception:
        return None, None, True


def _members(error: BaseException) -> tuple[BaseException, ...]:
    try:
        members = getattr(error, "exceptions", ())
    except Exception:
        return ()
    if not isinstance(members, (tuple, list)):
        return ()
    return tuple(each for each in members if isinstance(each, BaseException))


def _notes(error: BaseException) -> list[str]:
    try:
        notes = getattr(error, "__notes__", ())
    except Exception:
        return []
    return [each for each in notes if isinstance(each, str)] if notes else []


def _all_of(error: BaseException) -> list[BaseException]:
    """Give an exception and those that led to it, up to a bound."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting and len(found) < _MOST_LOOKED_AT:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        found.append(each)
        cause, context, _ = _led_to_by(each)
        waiting += [cause, context, *_members(each)]
    return found


def declared_names(subscriber: Subscriber) -> frozenset[str]:
    """Give the names that handlers gave to what a message holds.

    Those of their parameters, and of the fields of the models that these have.
    """
    names: set[str] = set()
    for function in handlers(subscriber):
        try:
            parameters = signature(function).parameters.values()
            hints = typing.get_type_hints(
                getattr(function, "__wrapped__", function), include_extras=True
            )
        except Exception:
            tell_once("Reading a handler's annotations")
            continue
        for parameter in parameters:
            names.add(parameter.name)
            hint = hints.get(parameter.name, parameter.annotation)
            if hint is not Parameter.empty:
                # A class may name types that are imported for a type checker alone:
                # FastStream need not know them where it does not read the class.
                with suppress(Exception):
                    _add_fields(hint, names, set())
    return frozenset(names)


def _add_fields(hint: Any, names: set[str], seen: set[int]) -> None:
    if id(hint) in seen:
        return
    seen.add(id(hint))
    for argument in typing.get_args(hint):
        _add_fields(argument, names, seen)
    fields = getattr(hint, "model_fields", None)
    if isinstance(hint, type) and isinstance(fields, dict):
        for name, field in fields.items():
            names.add(name)
            names.update(
                alias
                for alias in (field.alias, field.validation_alias)
                if isinstance(alias, str)
            )
            _add_fields(field.annotation, names, seen)
    elif isinstance(hint, type) and (
        dataclasses.is_dataclass(hint)
        or typing.is_typeddict(hint)
        or hasattr(hint, "__struct_fields__")
    ):
        for name, annotation in typing.get_type_hints(hint).items():
            names.add(name)
            _add_fields(annotation, names, seen)
