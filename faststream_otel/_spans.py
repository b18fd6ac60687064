"""What all scopes do with spans: suppression, headers as attributes, hooks, the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faststream.message import encode_message
from opentelemetry import context as otel_context

from faststream_otel import _conventions as conventions
from faststream_otel._faults import tell_once
from faststream_otel._propagation import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fast_depends.library.serializer import SerializerProto
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from faststream_otel._description import Attributes
    from faststream_otel._options import Hook, Options

# Two keys are in use: the API's own, and the one of older instrumentations.
_SUPPRESSED: str = getattr(
    otel_context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation"
)


def is_suppressed(context: Context) -> bool:
    """Whether the application, or an exporter, wants no telemetry of what it does."""
    return bool(context.get(_SUPPRESSED) or context.get("suppress_instrumentation"))


def captured(options: Options, headers: Mapping[Any, Any]) -> Attributes:
    """Give the headers that are to be recorded, each as a list of its values."""
    found: Attributes = {}
    for name in options.capture_headers:
        value = headers.get(name)
        if isinstance(value, (int, float)):
            value = str(value)
        value = text(value)
        if value is not None:
            found[f"{conventions.HEADER_PREFIX}{name}"] = [value]
    return found


def call_hook(hook: Hook | None, span: Span, subject: object) -> None:
    """Let the application enrich a span that records; what it raises stays here."""
    if hook is None or not span.is_recording():
        return
    try:
        hook(span, subject)
    except Exception:
        tell_once(f"The hook {getattr(hook, '__qualname__', hook)!r}")


def body_size(body: Any, serializer: SerializerProto | None) -> int:
    """Give the size in bytes of a body that is about to be sent.

    FastStream encodes it later, and by a codec that may be the application's; this
    is the size that FastStream's own encoding gives it.
    """
    encoded, _ = encode_message(body, serializer)
    return len(encoded)
