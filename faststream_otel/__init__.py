"""OpenTelemetry for FastStream: one middleware per broker.

The middleware of each broker is in a module of its own: `faststream_otel.kafka`,
`.confluent`, `.rabbit`, `.nats`, `.redis` and `.mqtt`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faststream_otel._annotations import CurrentBaggage, CurrentSpan
    from faststream_otel._baggage import Baggage
    from faststream_otel._shutdown import shutdown

__version__ = "0.1.0"

__all__ = ("Baggage", "CurrentBaggage", "CurrentSpan", "__version__", "shutdown")

# Imported by whoever uses them: a middleware does not.
_MODULES = {
    "Baggage": "_baggage",
    "CurrentBaggage": "_annotations",
    "CurrentSpan": "_annotations",
    "shutdown": "_shutdown",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
