"""Replaces the telemetry of a middleware, and puts it back."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from faststream_otel.testing import _stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from faststream_otel._middleware import TelemetryMiddleware
    from faststream_otel._traces.recorder import SpanRecorder

    Middleware = TelemetryMiddleware[Any, Any]


class _Recorded(NamedTuple):
    """What records a middleware: what gets its spans, and what its metrics."""

    spans: SpanRecorder
    metrics: MeterProvider


class _Swapped:
    """A middleware that is recorded, and what it had before."""

    def __init__(self, middleware: Middleware) -> None:
        self.middleware = middleware
        self.before = middleware.telemetry
        self.recordings: list[_Recorded] = []

    def arrange(self) -> None:
        """Let the middleware record for all its recordings, or as it did before."""
        if not self.recordings:
            self.middleware.telemetry = self.before
            return
        spans = [each.spans for each in self.recordings]
        given = self.before.tracer_provider
        self.middleware.telemetry = self.before.replaced(
            tracer_provider=_stage.RecordedProvider(given, spans),
            # The newest has the metrics.
            meter_provider=self.recordings[-1].metrics,
        )


_swapped: dict[int, _Swapped] = {}


@contextmanager
def recorded(
    middlewares: Iterable[Middleware], spans: SpanRecorder, metrics: MeterProvider
) -> Iterator[None]:
    """Let middlewares record for a recording, too, while the block runs."""
    each = _Recorded(spans, metrics)
    with _stage.lock:
        taken = [
            _swapped.setdefault(id(middleware), _Swapped(middleware))
            for middleware in middlewares
        ]
        for swapped in taken:
            swapped.recordings.append(each)
            swapped.arrange()
    try:
        yield
    finally:
        with _stage.lock:
            for swapped in taken:
                swapped.recordings.remove(each)
                swapped.arrange()
                if not swapped.recordings:
                    del _swapped[id(swapped.middleware)]


def given_provider(middleware: Middleware) -> TracerProvider | None:
    """Give the tracer provider that a middleware was given, None for the global one."""
    swapped = _swapped.get(id(middleware))
    before = swapped.before if swapped else middleware.telemetry
    return before.tracer_provider
