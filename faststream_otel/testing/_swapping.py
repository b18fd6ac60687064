"""Replaces what a middleware records with, and puts it back.

All that a recording changes of a middleware is here.
"""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple

from faststream_otel import __version__
from faststream_otel import _conventions as conventions
from faststream_otel._metrics import Metrics
from faststream_otel.testing import _stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from faststream_otel._middleware import TelemetryMiddleware
    from faststream_otel.testing import SpanRecorder

    Middleware = TelemetryMiddleware[Any, Any]


class _Recorded(NamedTuple):
    """What records a middleware: what gets its spans, and what its metrics."""

    spans: SpanRecorder
    metrics: MeterProvider


class _Swapped:
    """A middleware that is recorded, and what it had before."""

    def __init__(self, middleware: Middleware) -> None:
        self.middleware = middleware
        self.before = telemetry_of(middleware)
        self.recordings: list[_Recorded] = []

    def arrange(self) -> None:
        """Let the middleware record for all its recordings, or as it did before."""
        restore(self.middleware, self.before)
        if self.recordings:
            # The newest has the metrics.
            replace(
                self.middleware,
                [each.spans for each in self.recordings],
                self.recordings[-1].metrics,
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
    before = swapped.before if swapped else telemetry_of(middleware)
    given: TracerProvider | None = before[2]._tracer
    return given


def telemetry_of(middleware: Middleware) -> tuple[Any, ...]:
    """Give what a middleware records with."""
    return middleware._tracer, middleware._metrics, middleware._providers


def restore(middleware: Middleware, before: tuple[Any, ...]) -> None:
    """Let a middleware record with what it had."""
    middleware._tracer, middleware._metrics, middleware._providers = before


def replace(
    middleware: Middleware, spans: Sequence[SpanRecorder], metrics: MeterProvider
) -> None:
    """Let a middleware, as it was before, record for recordings."""
    provider = _stage.RecordedProvider(middleware._providers._tracer, spans)
    middleware._tracer = provider.get_tracer(
        conventions.SCOPE_NAME, __version__, conventions.SCHEMA_URL
    )
    middleware._metrics = Metrics(
        metrics, record_queue_time=middleware._metrics.records_queue_time
    )
    middleware._providers = copy(middleware._providers)
    middleware._providers._tracer = provider
    middleware._providers._meter = metrics
