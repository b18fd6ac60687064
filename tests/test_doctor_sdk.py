"""What the doctor reads of the SDK's private parts is still there."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider

from faststream_otel.doctor import _sdk
from tests.services import process

RESOURCE = Resource({"service.name": "shop"})
PROVIDERS: dict[str, Any] = {
    "traces": TracerProvider(resource=RESOURCE, shutdown_on_exit=False),
    "metrics": MeterProvider(resource=RESOURCE, shutdown_on_exit=False),
    "logs": LoggerProvider(resource=RESOURCE, shutdown_on_exit=False),
}


def test_resource() -> None:
    """Of each signal."""
    for provider in PROVIDERS.values():
        assert _sdk.resource(provider) == {"service.name": "shop"}
    assert _sdk.resource(object()) == {}


def test_inside() -> None:
    """A provider is found in what is around it, whose parts are slots or not."""

    class Wrapper(trace.TracerProvider):
        __slots__ = ("wrapped",)

        def __init__(self, wrapped: Any) -> None:
            self.wrapped = wrapped

        def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
            raise NotImplementedError

    for signal, provider in PROVIDERS.items():
        assert _sdk.inside(provider, signal) is provider
        assert _sdk.inside(object(), signal) is None
    traces = PROVIDERS["traces"]
    assert _sdk.inside(Wrapper(Wrapper(traces)), "traces") is traces
    assert _sdk.inside(Wrapper(None), "traces") is None
    around: Any = Wrapper(None)
    around.wrapped = around
    assert _sdk.inside(around, "traces") is None


def test_limits() -> None:
    """By their names."""
    limits = SpanLimits(max_links=3)
    provider = TracerProvider(span_limits=limits, shutdown_on_exit=False)
    assert _sdk.limits(provider)["max_links"] == 3
    assert set(_sdk.limits(provider)) >= {
        "max_span_attributes",
        "max_events",
        "max_attribute_length",
        "max_span_attribute_length",
    }
    assert _sdk.limits(object()) == {}


def test_waiting_tracers() -> None:
    """Those of the application, and not those of libraries."""
    with process():
        kept = [
            trace.get_tracer(name) for name in ("shop", "pytest", "faststream_otel")
        ]
        assert "shop" in _sdk.waiting_tracers()
        assert not {"pytest", "faststream_otel"} & set(_sdk.waiting_tracers())
        del kept
