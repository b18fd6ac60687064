"""What the doctor reads of OpenTelemetry's SDK, which has no public way to ask for it.

The SDK is not imported here: an application that does not use it may not have it.
`tests/test_doctor_sdk.py` fails when one of these parts changes.
"""

from __future__ import annotations

import gc
import sys
from typing import Any, Final

from opentelemetry import trace

from faststream_otel.doctor._pipeline import fields

_CLASSES: Final = {
    "traces": ("opentelemetry.sdk.trace", "TracerProvider"),
    "metrics": ("opentelemetry.sdk.metrics", "MeterProvider"),
    "logs": ("opentelemetry.sdk._logs", "LoggerProvider"),
}
# What a provider gives.
KINDS: Final = {"traces": "tracer", "metrics": "meter", "logs": "logger"}
# How many wrappers may be around an SDK's provider.
_DEPTH: Final = 4


def is_sdks(provider: object, signal: str) -> bool:
    """Whether a provider is one of the SDK, or of a class derived from it."""
    package, name = _CLASSES[signal]
    return any(
        kind.__name__ == name and kind.__module__.startswith(package)
        for kind in type(provider).__mro__
    )


def inside(provider: Any, signal: str, depth: int = _DEPTH) -> Any:
    """Give the SDK's provider that a provider is, or wraps, as Logfire's do."""
    if is_sdks(provider, signal):
        return provider
    if not depth or not hasattr(type(provider), f"get_{KINDS[signal]}"):
        return None
    for value in fields(provider).values():
        found = inside(value, signal, depth - 1)
        if found is not None:
            return found
    return None


def resource(provider: Any) -> dict[str, Any]:
    """Give the attributes of the service of an SDK's provider, of any signal."""
    found = getattr(provider, "resource", None) or getattr(provider, "_resource", None)
    if found is None:
        found = getattr(getattr(provider, "_sdk_config", None), "resource", None)
    return dict(getattr(found, "attributes", None) or {})


def limits(provider: Any) -> dict[str, int | None]:
    """Give the limits of the spans of an SDK's tracer provider, by their names."""
    found = getattr(provider, "_span_limits", None)
    return {} if found is None else dict(vars(found))


def waiting_tracers() -> list[str]:
    """Name those who asked for a tracer of the global provider, which is not there.

    Only code of the application's own counts: a library asks just in case.
    """
    names = {
        tracer._instrumenting_module_name
        for tracer in gc.get_objects()
        # isinstance() would ask the object, which may be a proxy that then does work.
        if type(tracer) is trace.ProxyTracer
    }
    return sorted(name for name in names if name and not _is_librarys(name))


def _is_librarys(name: str) -> bool:
    """Whether a tracer is named after a module of an installed package."""
    module = sys.modules.get(name) or sys.modules.get(name.partition(".")[0])
    file = getattr(module, "__file__", None) or ""
    return "site-packages" in file or name.partition(".")[0] == "faststream_otel"
