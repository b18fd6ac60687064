"""Services for the doctor's checks, made of the parts that a check looks at."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any
from unittest import mock

from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from faststream_otel.doctor import _sdk
from faststream_otel.doctor._finding import Fact, Finding
from faststream_otel.doctor._service import Asked, Provider, Service, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

# For servers on loopback, on a machine that is busy.
PATIENCE = 10.0


def service(
    *providers: Any,
    environment: Mapping[str, str] | None = None,
    application: Any = None,
    **asked: Any,
) -> Service:
    """Give a service with these global providers and nothing else."""
    return Service(
        application=application,
        brokers=(),
        providers=tuple(
            Provider(
                signal=signal_of(each),
                given=each,
                sdk=_sdk.inside(each, signal_of(each)),
                is_global=True,
                owners=("the global provider",),
            )
            for each in providers
        ),
        settings=(),
        environment=dict(environment or {}),
        asked=Asked(**{"timeout": PATIENCE, **asked}),
    )


def signal_of(provider: Any) -> Signal:
    """Tell what a provider provides for."""
    if isinstance(provider, trace.TracerProvider):
        return "traces"
    return "metrics" if hasattr(provider, "get_meter") else "logs"


def found(topic: ModuleType, examined: Service) -> list[Finding]:
    """Give what a topic's check finds."""
    return [each for each in topic.check(examined) if isinstance(each, Finding)]


def facts(topic: ModuleType, examined: Service) -> dict[str, str]:
    """Give what a topic's check tells."""
    return {
        each.name: each.text for each in topic.check(examined) if isinstance(each, Fact)
    }


def codes(topic: ModuleType, examined: Service) -> list[str]:
    """Give the codes of what a topic's check finds."""
    return [each.code for each in found(topic, examined)]


@contextlib.contextmanager
def tracing(*processors: Any) -> Iterator[TracerProvider]:
    """Provide for traces, and end it."""
    provider = TracerProvider(shutdown_on_exit=False)
    for each in processors:
        provider.add_span_processor(each)
    try:
        yield provider
    finally:
        provider.shutdown()


@contextlib.contextmanager
def metering(*readers: Any) -> Iterator[MeterProvider]:
    """Provide for metrics, and end it."""
    provider = MeterProvider(readers, shutdown_on_exit=False)
    try:
        yield provider
    finally:
        provider.shutdown()


@contextlib.contextmanager
def logging_by(*processors: Any) -> Iterator[LoggerProvider]:
    """Provide for logs, and end it."""
    provider = LoggerProvider(shutdown_on_exit=False)
    for each in processors:
        provider.add_log_record_processor(each)
    try:
        yield provider
    finally:
        provider.shutdown()


@contextlib.contextmanager
def variables(**values: str) -> Iterator[dict[str, str]]:
    """Set these variables, and no others of OpenTelemetry's or of proxies."""
    others = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OTEL_")
        and not name.endswith("_CA_BUNDLE")
        and not name.lower().endswith("_proxy")
    }
    with mock.patch.dict(os.environ, others | values, clear=True):
        yield values
