"""The names that an application gave to what its messages hold."""

from __future__ import annotations

import dataclasses
import typing
from contextlib import suppress
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

from faststream_otel._faststream import handlers
from faststream_otel._faults import tell_once

if TYPE_CHECKING:
    from faststream_otel._faststream import Subscriber


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
