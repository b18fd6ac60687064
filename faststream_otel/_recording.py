"""Whether anything may be recorded at all.

Not where the application, or an exporter, wants no telemetry of what it does, and not
by a provider that the API itself brings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry import context as otel_context

if TYPE_CHECKING:
    from opentelemetry.context import Context

# Two keys are in use: the API's own, and the one of older instrumentations.
SUPPRESSED: Final[str] = getattr(
    otel_context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation"
)
SUPPRESSED_BEFORE: Final = "suppress_instrumentation"

_OF_THE_API: Final = ("opentelemetry.metrics", "opentelemetry._logs")


def is_suppressed(context: Context) -> bool:
    """Whether nothing is to be recorded in `context`."""
    return bool(context.get(SUPPRESSED) or context.get(SUPPRESSED_BEFORE))


def records(provider: object) -> bool:
    """Whether a provider may record anything."""
    module = type(provider).__module__
    return module != "opentelemetry.trace" and not module.startswith(_OF_THE_API)
