"""What a sampler would do with traces that begin here, and with those of senders."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    set_span_in_context,
)

from faststream_otel.doctor._finding import Fact, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel.doctor._service import Provider

NOTHING: Final = Rule(
    "FSO111",
    "error",
    "The sampler leaves out every trace that begins here.",
    "Messages that this service publishes on its own are not recorded, nor is "
    "anything that follows from them.",
    "Use a different sampler: OTEL_TRACES_SAMPLER=parentbased_always_on",
)
CUTS: Final = Rule(
    "FSO112",
    "warning",
    "The sampler leaves out messages whose sender was recorded.",
    "Traces end at this service: the sender's spans are recorded, but those below "
    "are not.",
    "Wrap the sampler in ParentBased(...), or choose one in OTEL_TRACES_SAMPLER that "
    "begins with parentbased_.",
)
ORPHANS: Final = Rule(
    "FSO113",
    "note",
    "The sampler records messages whose sender was left out.",
    "Their traces begin in the middle: the parent of their first span is missing.",
    "Wrap the sampler in ParentBased(...), or choose one in OTEL_TRACES_SAMPLER that "
    "begins with parentbased_.",
)
RAISES: Final = Rule(
    "FSO114",
    "error",
    "The sampler raises.",
    "The span is not recorded. The message is handled without it.",
    "Correct {sampler}.should_sample, or use a different sampler.",
)

# What ParentBased does with parents, unless it is told otherwise.
_USUAL: Final = (
    ",remoteParentSampled:AlwaysOnSampler,remoteParentNotSampled:AlwaysOffSampler"
    ",localParentSampled:AlwaysOnSampler,localParentNotSampled:AlwaysOffSampler"
)
# Evenly spread over all ids, so that any ratio counts right.
_TRIES: Final = 400
_LITTLE: Final = 0.01
_IDS: Final = tuple(
    (1 << 120) + number * ((1 << 64) // _TRIES) + 1 for number in range(_TRIES)
)


class _Shares(NamedTuple):
    """Which part of the traces is recorded, from 0 to 1."""

    root: float
    sampled: float
    unsampled: float


def examine(provider: Provider) -> Iterator[Finding | Fact]:
    """Examine the sampler of a provider."""
    sampler = provider.sdk.sampler
    name = type(sampler).__name__
    try:
        shares = _Shares(
            _share(sampler, None),
            _share(sampler, TraceFlags.SAMPLED),
            _share(sampler, TraceFlags.DEFAULT),
        )
    except Exception as error:
        seen = f"{name}.should_sample raised {type(error).__name__}"
        yield RAISES.found(seen, sampler=name)
        return
    yield Fact(
        "Sampler",
        f"{_described(sampler)}: records {_words(shares.root)} of new traces, "
        f"{_words(shares.sampled)} of those whose sender was recorded, "
        f"{_words(shares.unsampled)} of those whose sender was not",
    )
    seen = _described(sampler)
    if not shares.root:
        yield NOTHING.found(seen)
    elif shares.sampled < 1:
        yield CUTS.found(seen)
    elif shares.unsampled:
        yield ORPHANS.found(seen)


def _share(sampler: Any, parent: int | None) -> float:
    decisions = importlib.import_module("opentelemetry.sdk.trace.sampling").Decision
    recorded = 0
    for trace_id in _IDS:
        context = Context()
        if parent is not None:
            span_context = SpanContext(
                trace_id, 1, is_remote=True, trace_flags=TraceFlags(parent)
            )
            context = set_span_in_context(NonRecordingSpan(span_context), context)
        result = sampler.should_sample(
            context,
            trace_id,
            "process faststream-otel doctor",
            SpanKind.CONSUMER,
            {"messaging.operation.type": "process"},
        )
        recorded += result.decision is decisions.RECORD_AND_SAMPLE
    return recorded / _TRIES


def _described(sampler: Any) -> str:
    try:
        return str(sampler.get_description()).replace(_USUAL, "")
    except Exception:
        return type(sampler).__name__


def _words(share: float) -> str:
    if share in {0, 1}:
        return "all" if share else "none"
    return f"about {share:.0%}" if share >= _LITTLE else "less than 1%"
