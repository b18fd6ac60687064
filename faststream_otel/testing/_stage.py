"""The SDK's and the API's private parts that a recording needs, all of them.

A provider takes processors, and has no public way to give them back; the global one
can be set once. `tests/test_testing.py` fails when one of these parts changes.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_ON,
    Decision,
    Sampler,
    SamplingResult,
)

from faststream_otel import __version__
from faststream_otel import _conventions as conventions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span

    from faststream_otel._traces.recorder import SpanRecorder

lock = RLock()


def provider_like(
    given: trace.TracerProvider | None,
    recorders: Iterable[SpanRecorder],
    resource: Resource,
) -> TracerProvider:
    """Make a provider that does what the application's does, and records too.

    Args:
        given: What the middleware was given; None for the global provider.
        recorders: What gets the spans.
        resource: What they are spans of, where the application has no provider.
    """
    like = trace.get_tracer_provider() if given is None else given
    if isinstance(like, TracerProvider) and like is not _provider:
        made = TracerProvider(
            sampler=like.sampler,
            resource=like.resource,
            id_generator=like.id_generator,
            span_limits=like._span_limits,
            shutdown_on_exit=False,
        )
        made.add_span_processor(like._active_span_processor)
    else:
        made = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False)
    for recorder in recorders:
        made.add_span_processor(recorder)
    return made


def tracer(provider: TracerProvider) -> trace.Tracer:
    """Give the middleware's tracer."""
    return trace.get_tracer(
        conventions.SCOPE_NAME, __version__, provider, conventions.SCHEMA_URL
    )


class _Custom(SpanProcessor):
    """Gives the application's own spans to the recordings that they belong to.

    A span belongs to the recording that has its trace, or to all if none has.
    """

    def __init__(self) -> None:
        self._recorders: list[SpanRecorder] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if not _is_ours(span):
            for recorder in self._of(span):
                recorder.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        if not _is_ours(span):
            for recorder in list(self._recorders):
                recorder.on_end(span)

    def _of(self, span: Span) -> list[SpanRecorder]:
        trace_id = span.get_span_context().trace_id
        recorders = list(self._recorders)
        return [each for each in recorders if each.knows(trace_id)] or recorders


def _is_ours(span: ReadableSpan) -> bool:
    """Whether a middleware made it, which gives it to its recordings by itself."""
    scope = span.instrumentation_scope
    return scope is not None and scope.name == conventions.SCOPE_NAME


class _WhileRecording(Sampler):
    """Drops all when nobody records: tracers of the application outlive a test."""

    def should_sample(
        self, parent_context: Context | None, *_: Any, **__: Any
    ) -> SamplingResult:
        recording = bool(_custom._recorders)
        return SamplingResult(
            Decision.RECORD_AND_SAMPLE if recording else Decision.DROP
        )

    def get_description(self) -> str:
        return "WhileRecording"


_custom = _Custom()
_watched: list[TracerProvider] = []
# The same for all recordings: the API's tracers keep the first provider that they see.
_provider: TracerProvider | None = None


def enter(
    recorder: SpanRecorder, providers: Iterable[trace.TracerProvider | None]
) -> None:
    """Give `recorder` the application's own spans.

    Args:
        recorder: What gets them.
        providers: Those of the middlewares, besides the global one. If there is no
            global one, the recording brings it.
    """
    global _provider  # noqa: PLW0603 - the API's is global as well
    _custom._recorders.append(recorder)
    if trace._TRACER_PROVIDER is None:
        if _provider is None:
            # No service: it is the recording's.
            _provider = TracerProvider(
                _WhileRecording(), Resource.get_empty(), shutdown_on_exit=False
            )
            _provider.add_span_processor(_custom)
        trace._TRACER_PROVIDER = _provider
    for each in (trace._TRACER_PROVIDER, *providers):
        if isinstance(each, TracerProvider) and each not in (_provider, *_watched):
            each.add_span_processor(_custom)
            _watched.append(each)


def leave(recorder: SpanRecorder) -> None:
    """Take back what `enter` did, when no other recording needs it."""
    _custom._recorders.remove(recorder)
    if _custom._recorders:
        return
    if _provider is not None and trace._TRACER_PROVIDER is _provider:
        trace._TRACER_PROVIDER = None
    for each in _watched:
        processors = each._active_span_processor
        with processors._lock:
            processors._span_processors = tuple(
                other for other in processors._span_processors if other is not _custom
            )
    _watched.clear()
