"""Records what brokers and applications do, in a test, without touching their code."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from faststream_otel._applications import TAKEN, brokers_of
from faststream_otel._faststream import middlewares
from faststream_otel._middleware import TelemetryMiddleware
from faststream_otel._traces.model import Trace
from faststream_otel._traces.recorder import SpanRecorder
from faststream_otel.testing import _stage, _swapping, _waiting
from faststream_otel.testing._logs import LogRecorder, noting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.util.types import AttributeValue

    from faststream_otel._traces.model import RecordedSpan
    from faststream_otel.testing._logs import RecordedLog

    Middleware = TelemetryMiddleware[Any, Any]


@dataclass(frozen=True, slots=True)
class RecordedMetric:
    """One point of a metric: the measurements that share one set of attributes.

    Attributes:
        name: The metric's name, such as `messaging.process.duration`.
        unit: Its unit, such as `s` for seconds.
        attributes: The attributes that the measurements share.
        value: For a counter, the total.
        count: For a histogram, the number of measurements.
        sum: For a histogram, the sum of the measurements.
    """

    name: str
    unit: str
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    value: float | None = None
    count: int = 0
    sum: float = 0


class Recording:
    """Everything that has been recorded so far; `record` yields it."""

    def __init__(self, spans: SpanRecorder, service: str | None) -> None:
        attributes = {"service.name": service} if service else {}
        self._resource = Resource.create(attributes)
        self._spans = spans
        self._logs = LogRecorder(spans.knows)
        self._reader = InMemoryMetricReader()
        self._metrics = MeterProvider(
            [self._reader], self._resource, shutdown_on_exit=False
        )

    def trace(self) -> Trace:
        """Return all spans that have ended, in the order in which they began."""
        service = str(self._resource.attributes["service.name"])
        return Trace(
            tuple(
                span if span.service else replace(span, service=service)
                for span in self._spans.trace().spans
            )
        )

    async def wait_for(self, expected: str, *, timeout: float = 10) -> Trace:
        """Wait until the trace has the expected shape, and return it.

        Use it in tests with a real server, which delivers messages in its own time.

        Args:
            expected: The shape, as for `assert_trace`.
            timeout: The longest time to wait, in seconds.

        Raises:
            AssertionError: The trace still has a different shape. The message is a
                diff, and lists the spans that have begun but not ended.
            ValueError: The shape cannot be read.
        """
        __tracebackhide__ = True
        return await _waiting.wait_for(self._spans, self.trace, expected, timeout)

    def logs(self, span: RecordedSpan | None = None) -> list[RecordedLog]:
        """Return what was logged in the traces of this recording, or outside any trace.

        Args:
            span: Return only what was logged while this span was current.
        """
        return [
            log
            for log in self._logs.logs()
            if span is None
            or (log.trace_id, log.span_id) == (span.trace_id, span.span_id)
        ]

    def metrics(self, name: str | None = None) -> list[RecordedMetric]:
        """Return the points of all metrics, or of the metric with this name."""
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
    """The type of the pytest fixture `record_telemetry`.

    It does the same as `record`, and records until the test ends.
    """

    def __call__(
        self,
        *applications: Any,
        reproducible: bool = False,
        service: str | None = None,
    ) -> Recording:
        """Record brokers and applications; takes the arguments of `record`."""


@contextmanager
def record(
    *applications: Any, reproducible: bool = False, service: str | None = None
) -> Iterator[Recording]:
    """Record the spans, metrics and logs of brokers while the block runs.

    The middleware may have its own provider, use the global one, or have none. Spans
    that the application makes are recorded too, if they come from one of these
    providers. If there is no global provider, spans are recorded all the same. The
    application's span processors still receive its spans; the middleware's metrics go
    only to the recording.

    Args:
        applications: Brokers with a telemetry middleware, or applications that start
            such brokers: FastStream (ASGI too), FastAPI with FastStream's router,
            Starlette or Litestar. You can also pass lists of them.
        reproducible: Whether the same run gives the same trace, byte for byte, as
            with `SpanRecorder`.
        service: The name of the service, if no provider of the application sets one.

    Yields:
        The recording, which can be read inside the block and after it.

    Raises:
        ValueError: No broker has a telemetry middleware.
        TypeError: There is no broker, or the spans of a provider cannot be recorded.
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
        raise ValueError(f"no broker in {applications} has a telemetry middleware")
    recording = Recording(spans, service)
    given = [_swapping.given_provider(each) for each in found.values()]
    with (
        _stage.watching(spans, given),
        _swapping.recorded(found.values(), spans, recording._metrics),
        noting(recording._logs),
    ):
        yield recording


def _telemetry(brokers: list[Any]) -> Iterator[Middleware]:
    for broker in brokers:
        for stack in middlewares(broker):
            for middleware in stack:
                if isinstance(middleware, TelemetryMiddleware):
                    yield middleware
