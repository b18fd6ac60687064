"""Notes who sets a global provider, while an application is loaded or started."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import _logs, metrics, trace

from faststream_otel.doctor._service import Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faststream_otel.doctor._service import Phase, Signal

# The module, its setter, and its getter.
_SETTERS: Final[tuple[tuple[Signal, Any, str, str], ...]] = (
    ("traces", trace, "set_tracer_provider", "get_tracer_provider"),
    ("metrics", metrics, "set_meter_provider", "get_meter_provider"),
    ("logs", _logs, "set_logger_provider", "get_logger_provider"),
)
# Who calls these on behalf of somebody else is not who decided.
_BETWEEN: Final = ("opentelemetry", "faststream_otel", "contextlib", "importlib")


@contextmanager
def watching(
    phase: Phase, is_running: Callable[[], bool] = lambda: False
) -> Iterator[list[Setting]]:
    """Note the global providers that are set while the block runs.

    Args:
        phase: What happens in the block.
        is_running: Whether a broker runs already.

    Yields:
        What was set so far, in order.
    """
    noted: list[Setting] = []
    before = [(module, name, getattr(module, name)) for _, module, name, _ in _SETTERS]
    for signal, module, name, getter in _SETTERS:
        setter = _noting(signal, module, name, getter, noted, phase, is_running)
        setattr(module, name, setter)
    try:
        yield noted
    finally:
        for module, name, setter in before:
            setattr(module, name, setter)


def _noting(
    signal: Signal,
    module: Any,
    name: str,
    getter: str,
    noted: list[Setting],
    phase: Phase,
    is_running: Callable[[], bool],
) -> Callable[[Any], None]:
    set_provider = getattr(module, name)

    def setter(provider: Any) -> None:
        set_provider(provider)
        noted.append(
            Setting(
                signal=signal,
                provider=provider,
                place=_place(),
                phase=phase,
                taken=getattr(module, getter)() is provider,
                running=is_running(),
            )
        )

    return setter


def _place() -> str:
    """Name the line that set a provider, as seen from here."""
    frame = inspect.currentframe()
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if module.partition(".")[0] not in _BETWEEN:
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(Path.cwd()):
                path = path.relative_to(Path.cwd())
            return f"{path}:{frame.f_lineno}"
        frame = frame.f_back
    return "?"
