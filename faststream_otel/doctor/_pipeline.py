"""What leads from a provider to its exporters.

The SDK has no public way from a provider to what it was given, and vendors wrap its
parts in their own. So this follows the attributes of each part, whatever they are
called, to what behaves like a part. It is the one place that does; if it finds nothing
in a provider of the SDK's, it says so instead of that nothing is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# Parts of the SDK's that are neither processors nor exporters, and hold some.
_HOLDERS: Final = ("opentelemetry.sdk._shared_internal", "sdk_configuration")
# What a processor, a reader, and a provider can do.
_ABILITIES: Final = (
    ("on_end", "on_start"),
    ("on_emit",),
    ("collect", "force_flush"),
    ("get_tracer",),
    ("get_meter",),
    ("get_logger",),
)


@dataclass(frozen=True)
class Route:
    """The way to an exporter, or a processor or reader that has none.

    Attributes:
        signal: `traces`, `metrics` or `logs`.
        by: The processor or the reader that is next to the exporter.
        exporter: What `by` calls, with all that is wrapped around the real one.
        inner: The real one.
    """

    signal: str
    by: object
    exporter: object | None = None
    inner: object | None = None


def routes(signal: str, provider: object) -> list[Route]:
    """Give the way to each exporter of a provider, and the ends that have none."""
    found = _Walk(signal)
    found.into(provider, None)
    return found.routes


def resource_of(provider: object) -> Any:
    """Give the resource of a provider, or of one that it wraps."""
    for part in _parts(provider, set()):
        resource = getattr(part, "resource", None)
        if hasattr(resource, "attributes"):
            return resource
    return None


class _Walk:
    """A walk through one provider."""

    def __init__(self, signal: str) -> None:
        self._signal = signal
        self._seen: set[int] = set()
        self.routes: list[Route] = []

    def into(self, part: object, by: object | None) -> None:
        """Go on from a part, below the processor or reader `by`."""
        if id(part) in self._seen:
            return
        self._seen.add(id(part))
        if by is not None and _exports(part):
            self.routes.append(Route(self._signal, by, part, innermost(part)))
            return
        before = len(self.routes)
        below = part if _collects(part) else by
        for value in _held(part):
            self.into(value, below)
        if _is_leaf(part) and len(self.routes) == before:
            self.routes.append(Route(self._signal, part))


def innermost(exporter: object) -> object:
    """Give the exporter that is in wrappers of others: the one with the address."""
    seen: set[int] = set()
    while id(exporter) not in seen and endpoint(exporter) is None:
        seen.add(id(exporter))
        exporter = next((each for each in _held(exporter) if _exports(each)), exporter)
    return exporter


def endpoint(exporter: object) -> str | None:
    """Give the address that an exporter keeps, as it does."""
    for name in ("_endpoint", "endpoint"):
        value = fields(exporter).get(name)
        if isinstance(value, str):
            return value
    return None


def _parts(part: object, seen: set[int]) -> Iterator[object]:
    """A provider, and those that it wraps."""
    if id(part) in seen:
        return
    seen.add(id(part))
    yield part
    for value in _held(part):
        if any(hasattr(value, f"get_{kind}") for kind in ("tracer", "meter", "logger")):
            yield from _parts(value, seen)


def _held(part: object) -> Iterator[object]:
    """The parts that are held by one, alone or in a collection."""
    for value in fields(part).values():
        if isinstance(value, Mapping):
            several: Any = value.values()
        else:
            several = value if isinstance(value, (tuple, list, set)) else (value,)
        yield from (each for each in several if _is_part(each))


def fields(part: object) -> dict[str, Any]:
    """Give an object's attributes, those in slots too, and run none of its code."""
    found = dict(getattr(part, "__dict__", {}))
    for kind in type(part).__mro__:
        names = vars(kind).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            descriptor: Any = vars(kind).get(name)
            if hasattr(descriptor, "__get__") and name not in found:
                try:
                    found[name] = descriptor.__get__(part, kind)
                except AttributeError:  # not set
                    continue
    return found


def _is_part(value: object) -> bool:
    if isinstance(value, type) or value is None:
        return False
    return (
        any(mark in type(value).__module__ for mark in _HOLDERS)
        or _exports(value)
        or _collects(value)
        or any(_can(value, names) for names in _ABILITIES[3:])
    )


def _can(value: object, names: tuple[str, ...]) -> bool:
    return all(callable(getattr(type(value), name, None)) for name in names)


def _exports(value: object) -> bool:
    return _can(value, ("export",))


def _collects(value: object) -> bool:
    """Whether it is a processor or a reader."""
    return any(_can(value, names) for names in _ABILITIES[:3])


def _is_leaf(value: object) -> bool:
    """Whether it is a processor or a reader, and not the SDK's list of them."""
    return _collects(value) and not is_list(value)


def is_list(value: object) -> bool:
    """Whether it is what the SDK keeps several processors in."""
    kind = type(value)
    return kind.__module__.startswith("opentelemetry.sdk.") and "Multi" in kind.__name__
