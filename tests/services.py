"""Small services for the doctor: well ones, whose parts a test breaks one by one."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TYPE_CHECKING, Any
from unittest import mock

from opentelemetry import propagate, trace
from opentelemetry._logs import _internal as logs
from opentelemetry.metrics import _internal as metrics
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.util._once import Once

from faststream_otel.doctor import Report, diagnose
from tests.kinds import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NATS = next(kind for kind in KINDS if kind.name == "nats")


def provider(service: str = "shop", **options: Any) -> TracerProvider:
    """Give a provider that keeps its spans, and is right in all else."""
    made = TracerProvider(
        resource=Resource.create({"service.name": service} if service else {}),
        shutdown_on_exit=False,
        **options,
    )
    made.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))
    return made


def recording(service: str = "shop", **options: Any) -> TracerProvider:
    """Set such a provider globally."""
    made = provider(service, **options)
    trace.set_tracer_provider(made)
    return made


def well(kind: Kind, **options: Any) -> Any:
    """A broker that has its middleware, with these options."""
    return kind.broker(middlewares=[kind.middleware(**options)], logger=None)


@contextlib.contextmanager
def process(**environment: str) -> Iterator[None]:
    """Let a service find what it would in a process of its own.

    Args:
        environment: The variables of OpenTelemetry's that are set.
    """
    variables = {
        name: value for name, value in os.environ.items() if "OTEL_" not in name
    }
    propagator = propagate.get_global_textmap()
    fresh = mock.patch.multiple
    # Tracers that were asked for before are of no matter.
    proxy = type("ProxyTracer", (trace.ProxyTracer,), {})
    # So are formats that other tests have left.
    root = logging.getLogger()
    left = [
        each
        for each in root.handlers
        if "otelTraceID" in (getattr(each.formatter, "_fmt", None) or "")
    ]
    for each in left:
        root.removeHandler(each)
    with (
        mock.patch.dict(os.environ, {**variables, **environment}, clear=True),
        fresh(trace, _TRACER_PROVIDER=None, _TRACER_PROVIDER_SET_ONCE=Once()),
        fresh(trace, ProxyTracer=proxy),
        fresh(metrics, _METER_PROVIDER=None, _METER_PROVIDER_SET_ONCE=Once()),
        # It gives a provider that is set to all who asked before, for good.
        fresh(metrics, _PROXY_METER_PROVIDER=metrics._ProxyMeterProvider()),
        fresh(logs, _LOGGER_PROVIDER=None, _LOGGER_PROVIDER_SET_ONCE=Once()),
    ):
        try:
            yield
        finally:
            propagate.set_global_textmap(propagator)
            for each in left:
                root.addHandler(each)


def examined(
    make: Callable[[Kind], Any],
    kind: Kind = NATS,
    environment: Mapping[str, str] | None = None,
    *,
    start: bool = False,
) -> Report:
    """Make a service and examine it, in a process of its own."""
    with process(**(environment or {})):
        return diagnose(make(kind), offline=True, start=start)
