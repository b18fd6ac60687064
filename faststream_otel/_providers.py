"""Whether anybody wants telemetry: most of its cost is saved where nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import metrics, trace

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider


class Providers:
    """The providers of a middleware: those that it was given, or the global ones.

    A provider that the API itself brings records nothing. A global one may be set at
    any time, and stays.

    Args:
        tracer_provider: None for the global one.
        meter_provider: None for the global one.
    """

    __slots__ = ("_meter", "_meters", "_tracer", "_tracers")

    def __init__(
        self,
        tracer_provider: TracerProvider | None,
        meter_provider: MeterProvider | None,
    ) -> None:
        self._tracer = tracer_provider
        self._meter = meter_provider
        self._tracers = self._meters = False

    def records_spans(self) -> bool:
        """Whether spans may be recorded."""
        if not self._tracers:
            self._tracers = records(self._tracer or trace.get_tracer_provider())
        return self._tracers

    def records_metrics(self) -> bool:
        """Whether metrics may be recorded."""
        if not self._meters:
            self._meters = records(self._meter or metrics.get_meter_provider())
        return self._meters


def records(provider: object) -> bool:
    """Whether a provider may record; one that the API brings records nothing."""
    module = type(provider).__module__
    return module != "opentelemetry.trace" and not module.startswith(
        ("opentelemetry.metrics", "opentelemetry._logs")
    )
