"""Records what brokers and applications do, in a test, without touching their code."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from faststream_otel._faststream import middlewares
from faststream_otel._middleware import TelemetryMiddleware
from faststream_otel._traces.model import Trace
from faststream_otel._traces.recorder import SpanRecorder
from faststream_otel.testing import _stage, _swapping
from faststream_otel.testing._applications import TAKEN, brokers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.util.types import AttributeValue

    Middleware = TelemetryMiddleware[Any, Any]


@dataclass(frozen=True, slots=True)
class RecordedMetric:
    """One point of a metric: what was measured for one set of attributes.

    Attributes:
        name: The metric's name, as in `messaging.process.duration`.
        unit: Its unit, as in `s` for seconds.
        attributes: What the measurements have in common.
        value: Of a counter, how much was counted.
        count: Of a histogram, how many measurements there were.
        sum: Of a histogram, their sum.
    """

    name: str
    unit: str
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    value: float | None = None
    count: int = 0
    sum: float = 0


class Recording:
    """What was recorded so far; `record` makes it."""

    def __init__(self, spans: SpanRecorder, service: str | None) -> None:
        attributes = {"service.name": service} if service else {}
        self._resource = Resource.create(attributes)
        self._spans = spans
        self._reader = InMemoryMetricReader()
        self._metrics = MeterProvider(
            [self._reader], self._resource, shutdown_on_exit=False
        )

    def trace(self) -> Trace:
        """Give all spans that have ended, in the order in which they began."""
        service = str(self._resource.attributes["service.name"])
        return Trace(
            tuple(
                span if span.service else replace(span, service=service)
                for span in self._spans.trace().spans
            )
        )

    def metrics(self, name: str | None = None) -> list[RecordedMetric]:
        """Give the points of all metrics, or of the one that has this name."""
        data = self._reader.get_metrics_data()
        return [
            RecordedMetric(
                name=metric.name,
                unit=metric.unit or "",
                attributes=dict(point.attributes or {}),
                value=getattr(point, "value", None),
                count=getattr(point, "count", 0),
                sum=getattr(point, "sum", 0),
            )
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
            if name in (None, metric.name)
        ]


class RecordTelemetry(Protocol):
    """What pytest's fixture `record_telemetry` is: `record` until the test's end."""

    def __call__(
        self,
        *applications: Any,
        reproducible: bool = False,
        service: str | None = None,
    ) -> Recording:
        """Record brokers and applications; the arguments are those of `record`."""


@contextmanager
def record(
    *applications: Any, reproducible: bool = False, service: str | None = None
) -> Iterator[Recording]:
    """Record the spans and metrics of brokers while the block runs.

    Their middleware may have a provider of its own, the global one, or none. Spans
    that the application makes itself are recorded too, if they come from one of these;
    where there is no global one, the block brings it. The application's own
    span processors see the spans as ever; its metrics do not leave the recording.

    Args:
        applications: Brokers with a telemetry middleware, and applications: those of
            FastStream, also as ASGI, of FastAPI with FastStream's router, and of
            Starlette or Litestar that start a broker. Or lists of them.
        reproducible: Give the same trace for the same run, as `SpanRecorder` does.
        service: The service's name, where no provider of the application says it.

    Yields:
        The recording, which can be asked in the block and after it.

    Raises:
        ValueError: There is no telemetry middleware.
        TypeError: There is no broker, or a provider whose spans cannot be seen.
    """
    spans = SpanRecorder(reproducible=reproducible)
    with record_by(spans, *applications, service=service) as recording:
        yield recording


@contextmanager
def record_by(
    spans: SpanRecorder, *applications: Any, service: str | None = None
) -> Iterator[Recording]:
    """Record as `record` does, the spans by this recorder."""
    brokers = brokers_of(applications)
    if not brokers:
        raise TypeError(f"nothing to record; record() takes {TAKEN}")
    found = {id(each): each for each in _telemetry(brokers)}
    if not found:
        raise ValueError(f"no broker of {applications} has a telemetry middleware")
    recording = Recording(spans, service)
    given = [_swapping.given_provider(each) for each in found.values()]
    with (
        _stage.watching(spans, given),
        _swapping.recorded(found.values(), spans, recording._metrics),
    ):
        yield recording


def _telemetry(brokers: list[Any]) -> Iterator[Middleware]:
    for broker in brokers:
        for stack in middlewares(broker):
            for middleware in stack:
                if isinstance(middleware, TelemetryMiddleware):
                    yield middleware
