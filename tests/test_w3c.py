"""What is read and written directly is what OpenTelemetry's propagators do."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from faststream_otel import _w3c

PROPAGATOR = CompositePropagator(
    [TraceContextTextMapPropagator(), W3CBaggagePropagator()]
)
HEX = st.text("0123456789abcdef", min_size=32, max_size=32)
TRACEPARENTS = st.one_of(
    st.builds(
        "{}-{}-{}-{}{}".format,
        st.sampled_from(["00", "00", "00", "01", "ff", "0"]),
        st.one_of(HEX, st.just("0" * 32), HEX.map(str.upper)),
        st.one_of(HEX.map(lambda text: text[:16]), st.just("0" * 16)),
        st.sampled_from(["00", "01", "02", "03", "04", "ff", "1"]),
        st.sampled_from(["", "", "", "-more", " ", "\n"]),
    ),
    st.text(),
)
HEADERS = st.dictionaries(
    st.one_of(
        st.sampled_from(
            ["traceparent", "Traceparent", "tracestate", "baggage", "correlation_id"]
        ),
        st.text(),
    ),
    TRACEPARENTS,
)


@given(HEADERS)
@example({"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"})
@example({"traceparent": f"00-{'1' * 32}-{'2' * 16}-01", "correlation_id": "a"})
def test_reads_what_the_propagators_read(headers: dict[str, str]) -> None:
    """What it answers is what they answer; it may leave any header to them."""
    read = _w3c.read(headers)
    if read is None:
        return
    context = PROPAGATOR.extract(headers, Context())
    assert read == get_current_span(context).get_span_context()
    # Nothing else was in there to be read.
    assert len(context) == int(read.is_valid)


def test_reads_the_usual_form() -> None:
    """Else nothing would be saved, and every other test would pass."""
    usual = {"correlation_id": "a", "traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}
    read = _w3c.read(usual)
    assert read is not None
    assert (read.trace_id, read.span_id) == (int("1" * 32, 16), int("2" * 16, 16))
    assert read.is_remote
    assert _w3c.read({**usual, "traceparent": usual["traceparent"].encode()}) == read


def test_leaves_other_spellings_and_headers_alone() -> None:
    """The propagator has to look at these."""
    others: list[dict[Any, Any]] = [
        {"Traceparent": "a"},
        {"traceparent": ["a"]},
        {"traceparent": b"\xff"},
        {"baggage": "a=b"},
        {"tracestate": "a=b"},
        {b"traceparent": "a"},
    ]
    assert [_w3c.read(each) for each in others] == [None] * len(others)


@given(
    st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.sampled_from([0, 1, 2, 3])
)
def test_writes_what_the_propagators_write(
    trace_id: int, span_id: int, flags: int
) -> None:
    """To the letter."""
    span_context = SpanContext(
        trace_id, span_id, is_remote=False, trace_flags=TraceFlags(flags)
    )
    carrier: dict[str, str] = {}
    context = set_span_in_context(NonRecordingSpan(span_context), Context())
    PROPAGATOR.inject(carrier, context)
    assert carrier == {_w3c.TRACEPARENT: _w3c.written(span_context)}


def test_only_their_own_propagators_are_known() -> None:
    """A subclass may read anything."""

    class Other(TraceContextTextMapPropagator):
        pass

    assert _w3c.reads_trace_context([TraceContextTextMapPropagator()])
    assert not _w3c.reads_trace_context([W3CBaggagePropagator()])
    assert not _w3c.reads_trace_context([Other(), W3CBaggagePropagator()])
