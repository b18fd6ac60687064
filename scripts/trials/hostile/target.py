"""What atheris calls with bytes: `python -m trials.hostile.target -atheris_runs=N`.

It runs in the environment that `scripts/brokers get atheris` makes.
"""

from __future__ import annotations

import sys
from typing import Any, Final

import atheris  # type: ignore[import-untyped] # in an environment of its own

with atheris.instrument_imports(include=["faststream_otel"]):
    from faststream_otel import Baggage
    from faststream_otel._options import check
    from faststream_otel._propagation import Propagation

from opentelemetry.context import Context
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_NAMES: Final = ("traceparent", "tracestate", "baggage", "Traceparent", "tenant")
_GOOD: Final = "00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01"
_LONGEST: Final = 8192
_SDK: Final = TraceContextTextMapPropagator()
_OURS: Final = Propagation(
    check(
        propagator=None,
        incoming="continue",
        baggage_keys=None,
        capture_headers=None,
        destination_templates=None,
        exclude=None,
        publish_hook=None,
        consume_hook=None,
        create_spans=False,
        settle_spans=False,
        record_body_size=False,
        record_queue_time=False,
    )
)


def _headers(data: bytes) -> dict[str, Any]:
    """Make headers: a byte that says which, one how long, and the value."""
    provider = atheris.FuzzedDataProvider(data)
    headers: dict[str, Any] = {}
    while provider.remaining_bytes() and len(headers) < len(_NAMES):
        name = provider.PickValueInList([*_NAMES])
        kind = provider.PickValueInList(["bytes", "text", "long", "near to good"])
        size = provider.ConsumeIntInRange(0, 300)
        match kind:
            case "bytes":
                headers[name] = provider.ConsumeBytes(size)
            case "text":
                headers[name] = provider.ConsumeUnicode(size)
            case "long":
                headers[name] = provider.ConsumeString(size) * 40
            case _:
                at = provider.ConsumeIntInRange(0, len(_GOOD))
                changed = provider.ConsumeString(2)
                headers[name] = _GOOD[:at] + changed + _GOOD[at + 1 :]
    return headers


def _trace_of(context: Context) -> int:
    return get_current_span(context).get_span_context().trace_id


def once(data: bytes) -> None:
    """Read headers, write what was read, and read that again."""
    headers = _headers(data)
    context, carried = _OURS.receive(headers, Context())
    alone = {"traceparent": headers.get("traceparent")}
    if set(headers) == set(alone) and isinstance(alone["traceparent"], str):
        # No better than the SDK's own: what that refuses, we refuse.
        theirs = _trace_of(_SDK.extract(alone))
        assert carried.trace_id in {0, theirs}, "a trace that the SDK does not read"
    written = _OURS.inject(context)
    for value in written.values():
        assert isinstance(value, str), "a header that not every client takes"
        assert len(value) <= _LONGEST, "a header that is too long"
        assert value.isprintable(), "a header that breaks terminals"
    again, _ = _OURS.receive(written, Context())
    assert _trace_of(again) == _trace_of(context), "another trace when it is read again"
    Baggage.from_headers(headers).to_headers(headers)


if __name__ == "__main__":
    atheris.Setup(sys.argv, once)
    atheris.Fuzz()
