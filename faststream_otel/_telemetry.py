"""What scopes need of a middleware: one object, which a recording replaces whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import metrics, trace
from opentelemetry.metrics import _internal as metrics_internal

from faststream_otel import __version__
from faststream_otel import _conventions as conventions
from faststream_otel._exceptions import Exceptions
from faststream_otel._metrics import Metrics
from faststream_otel._propagation import Propagation
from faststream_otel._recording import records

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from faststream_otel._options import Options


class Telemetry:
    """Where one middleware records, and how context travels.

    Args:
        options: What the middleware was told.
        tracer_provider: Where spans go; None for the global provider.
        meter_provider: Where metrics go; None for the global provider.
        logger_provider: Where log events go; None for the global provider.

    Attributes:
        options: What the middleware was told.
        tracer_provider: The provider that was given, if one was.
        meter_provider: The provider that was given, if one was.
        logger_provider: The provider that was given, if one was.
        propagation: Reads and writes context.
        tracer: Makes spans.
        metrics: Records metrics.
        exceptions: Records exceptions as log events.
        known_to_measure: Metrics may be recorded, and nobody need ask again.
        known_to_record: Spans may be recorded, and nobody need ask again.
    """

    __slots__ = (
        "exceptions",
        "known_to_measure",
        "known_to_record",
        "logger_provider",
        "meter_provider",
        "metrics",
        "options",
        "propagation",
        "tracer",
        "tracer_provider",
    )

    def __init__(
        self,
        options: Options,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
    ) -> None:
        self.options = options
        self.tracer_provider = tracer_provider
        self.meter_provider = meter_provider
        self.logger_provider = logger_provider
        self.propagation = Propagation(options)
        self.tracer = trace.get_tracer(
            conventions.SCOPE_NAME,
            __version__,
            tracer_provider,
            conventions.SCHEMA_URL,
        )
        self.metrics = Metrics(
            meter_provider, record_queue_time=options.record_queue_time
        )
        self.exceptions = Exceptions(logger_provider)
        self.known_to_record = tracer_provider is not None and records(tracer_provider)
        self.known_to_measure = meter_provider is not None and records(meter_provider)

    def replaced(
        self,
        *,
        tracer_provider: TracerProvider | None,
        meter_provider: MeterProvider | None,
        logger_provider: LoggerProvider | None = None,
    ) -> Telemetry:
        """Make telemetry that does the same, and records somewhere else.

        Args:
            tracer_provider: Where spans go; None for the global provider.
            meter_provider: Where metrics go; None for the global provider.
            logger_provider: Where log events go; None for where they go now.
        """
        return Telemetry(
            self.options,
            tracer_provider,
            meter_provider,
            self.logger_provider if logger_provider is None else logger_provider,
        )

    def is_like(self, other: Telemetry) -> bool:
        """Whether `other` records the same in the same place."""
        return (
            self.options.given == other.options.given
            and self.tracer_provider is other.tracer_provider
            and self.meter_provider is other.meter_provider
            and self.logger_provider is other.logger_provider
        )

    # As long as no global provider is set, asking for it looks into the environment
    # each time, which costs more than all else that is done for a message then. So
    # these look first where the API keeps it; should it be kept elsewhere one day,
    # they ask. A global provider may be set at any time, and stays.

    def records(self) -> bool:
        """Whether anything may be recorded: most cost is saved where nothing is."""
        if (
            getattr(trace, "_TRACER_PROVIDER", trace) is None
            and getattr(metrics_internal, "_METER_PROVIDER", metrics) is None
            and not self.exceptions.as_logs
        ):
            return self.known_to_record or self.known_to_measure
        return (
            self.records_spans()
            or self.records_metrics()
            or self.exceptions.records_logs()
        )

    def records_spans(self) -> bool:
        """Whether spans may be recorded."""
        if (
            not self.known_to_record
            and self.tracer_provider is None
            and getattr(trace, "_TRACER_PROVIDER", trace) is not None
        ):
            self.known_to_record = records(trace.get_tracer_provider())
        return self.known_to_record

    def records_metrics(self) -> bool:
        """Whether metrics may be recorded."""
        if (
            not self.known_to_measure
            and self.meter_provider is None
            and getattr(metrics_internal, "_METER_PROVIDER", metrics) is not None
        ):
            self.known_to_measure = records(metrics.get_meter_provider())
        return self.known_to_measure
