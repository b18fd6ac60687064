"""Whether the application, or an exporter, wants no telemetry of what it does."""

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


def is_suppressed(context: Context) -> bool:
    """Whether nothing is to be recorded in `context`."""
    return bool(context.get(SUPPRESSED) or context.get(SUPPRESSED_BEFORE))
