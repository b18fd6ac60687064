"""Finds the brokers of an application, whichever framework it is made with."""

from __future__ import annotations

import functools
import sys
from collections import deque
from contextlib import suppress
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final

from faststream._internal.broker import BrokerUsecase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FRAMEWORKS: Final = ("fastapi", "faststream", "litestar", "starlette")
_MOST: Final = 50_000
TAKEN: Final = (
    "brokers, or applications with brokers: FastStream(broker), as_asgi(), a FastAPI "
    "application that includes FastStream's router, or a Starlette or Litestar "
    "application whose lifespan or hooks start a broker"
)


def brokers_of(application: Any, taker: str = "record()") -> list[Any]:
    """Give the brokers of an application, or those of several.

    Args:
        application: The application, or a list of them.
        taker: What was called with it, for the error.

    Raises:
        TypeError: It has none.
    """
    if isinstance(application, (list, tuple, set, frozenset)):
        return [broker for each in application for broker in brokers_of(each, taker)]
    # A FastStream has brokers, a router of FastAPI has a broker, a broker has none.
    found = _own(application) or _search(application)
    if not found:
        if isinstance(application, type):
            what = f"the class {application.__name__}, not an instance of it"
        else:
            what = f"{type(application).__module__}.{type(application).__qualname__}"
        raise TypeError(f"found no broker in {what}; {taker} takes {TAKEN}")
    return found


def _own(application: Any) -> list[Any]:
    if isinstance(application, BrokerUsecase):
        return [application]
    if isinstance(application, type) or not _is_of_a_framework(application):
        return []
    brokers = getattr(application, "brokers", None)
    if brokers is None:
        brokers = [getattr(application, "broker", None)]
    return [each for each in brokers if isinstance(each, BrokerUsecase)]


def _search(application: Any) -> list[Any]:
    """Look where an application keeps what it starts and serves.

    Nothing of it is called: what functions close over and name, and what objects have,
    is only read.
    """
    found: dict[int, Any] = {}
    seen: set[int] = set()
    # Kept until the end: the id of what is gone could be given to another.
    kept = deque([application])
    position = 0
    while position < len(kept) < _MOST:
        each = kept[position]
        position += 1
        if id(each) in seen:
            continue
        seen.add(id(each))
        if own := _own(each):
            found.update({id(broker): broker for broker in own})
        elif not isinstance(each, type):
            kept.extend(_parts(each))
    return list(found.values())


def _parts(thing: Any) -> Iterable[Any]:
    if isinstance(thing, FunctionType):
        return _of_function(thing)
    if isinstance(thing, MethodType):
        return (thing.__self__, thing.__func__)
    if isinstance(thing, functools.partial):
        return (thing.func, *thing.args, *thing.keywords.values())
    if isinstance(thing, dict):
        return tuple(thing.values())
    if isinstance(thing, (list, tuple, set, frozenset)):
        return tuple(thing)
    return _of_object(thing)


def _of_object(thing: Any) -> Iterator[Any]:
    """What an object has, unless it is one of Python's own."""
    if type(thing).__module__.partition(".")[0] in sys.stdlib_module_names:
        return
    yield from getattr(thing, "__dict__", {}).values()
    for kind in type(thing).__mro__:
        slots = getattr(kind, "__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            yield getattr(thing, name, None)


def _of_function(function: FunctionType) -> Iterator[Any]:
    """What a function closes over, wraps, has as defaults, and names."""
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # not yet assigned
            yield cell.cell_contents
    yield getattr(function, "__wrapped__", None)
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    for name in _named(function.__code__):
        yield function.__globals__.get(name)


def _named(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _named(constant)


def _is_of_a_framework(thing: Any) -> bool:
    return any(
        kind.__module__.partition(".")[0] in _FRAMEWORKS for kind in type(thing).__mro__
    )
