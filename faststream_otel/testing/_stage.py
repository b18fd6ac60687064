"""Lets recordings see what tracers of an application do, and leaves no trace of it.

These are the private parts of the SDK and the API that recordings need, all of them:
a provider takes processors, and has no public way to give them back, and who asked for
a tracer before there was a provider has one that asks for it at its first span.
`tests/test_stage.py` fails when one of these parts changes.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, cast

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from faststream_otel import _conventions as conventions
from faststream_otel.testing import _providers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span

    from faststream_otel._traces.recorder import SpanRecorder

lock: Final = RLock()
_recorders: list[SpanRecorder] = []
_watched: list[Any] = []
# Those that cannot give it back, and are not to get it twice.
_keeping: Final[list[Callable[[], Any]]] = []
_untouched: list[tuple[Any, str, Any]] = []


class _Spans(SpanProcessor):
    """Gives each span to the recordings that it belongs to.

    Those of a middleware go to its own, which `_RecordedTracer` sees to. Others belong
    to the recording that has their trace, or to all if none has.
    """

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        for recorder in self._whose(span):
            recorder.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        for recorder in _recorders.copy():
            recorder.on_end(span)

    def _whose(self, span: Span) -> Iterable[SpanRecorder]:
        scope = span.instrumentation_scope
        if scope is not None and scope.name == conventions.SCOPE_NAME:
            return ()
        trace_id = span.get_span_context().trace_id
        recorders = _recorders.copy()
        return [each for each in recorders if each.knows(trace_id)] or recorders


_spans: Final = _Spans()
# What there is where the application has no provider. Its service is the recording's.
_stand_in: Final = TracerProvider(
    ALWAYS_ON, Resource.get_empty(), shutdown_on_exit=False
)
_stand_in.add_span_processor(_spans)


class RecordedProvider(trace.TracerProvider):
    """The application's provider, whichever it is when a span starts, recorded.

    Args:
        given: What the middleware was given; None for the global provider.
        recorders: What gets its spans.
    """

    def __init__(
        self, given: trace.TracerProvider | None, recorders: Iterable[SpanRecorder]
    ) -> None:
        self._given = given
        self._recorders = tuple(recorders)

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
        """Give a tracer; the middleware calls it."""
        return _RecordedTracer(self, args, kwargs)

    def now(self) -> trace.TracerProvider:
        """Give the application's provider, whose spans are seen from here on."""
        provider = _real(self._given)
        if provider is not _stand_in:
            try:
                _watch(provider)
            except TypeError as refusal:
                for recorder in self._recorders:
                    recorder.refuse(refusal)
        return provider

    def note(self, span: trace.Span, context: Context | None) -> None:
        """Note that a span of the middleware began."""
        if span.is_recording():
            for recorder in self._recorders:
                recorder.on_start(cast("Span", span), context)


class _RecordedTracer(trace.Tracer):
    """A tracer of the provider that there is when a span starts."""

    def __init__(
        self, provider: RecordedProvider, args: Any, kwargs: dict[str, Any]
    ) -> None:
        self._provider = provider
        self._args = args
        self._kwargs = kwargs
        self._of: trace.TracerProvider | None = None
        self._tracer: trace.Tracer = trace.NoOpTracer()

    def start_span(
        self, name: str, context: Context | None = None, *args: Any, **kwargs: Any
    ) -> trace.Span:
        """Start a span that belongs to the recordings."""
        provider = self._provider.now()
        if provider is not self._of:
            self._tracer = provider.get_tracer(*self._args, **self._kwargs)
            self._of = provider
        span = self._tracer.start_span(name, context, *args, **kwargs)
        self._provider.note(span, context)
        return span

    @contextmanager
    def start_as_current_span(  # type: ignore[override]
        self, *args: Any, end_on_exit: bool = True, **kwargs: Any
    ) -> Iterator[trace.Span]:
        """Start a span that belongs to the recordings, and make it current."""
        with trace.use_span(self.start_span(*args, **kwargs), end_on_exit) as span:
            yield span


def _real(given: trace.TracerProvider | None) -> trace.TracerProvider:
    """Give the provider that somebody has who was given this one, or none."""
    provider = trace._TRACER_PROVIDER if given is None else given
    if provider is None or _providers.records_nothing(provider):
        return _stand_in
    return provider


def _watch(provider: trace.TracerProvider) -> None:
    """See the spans of a provider.

    Raises:
        TypeError: It cannot be done.
    """
    seen = _providers.seen_by_processors(provider)
    with lock:
        if any(seen is each for each in _watched):
            return
        if not _keeps(seen):
            seen.add_span_processor(_spans)
        _watched.append(seen)


def _keeps(provider: Any) -> bool:
    return any(provider is each() for each in _keeping)


@contextmanager
def watching(
    recorder: SpanRecorder, providers: Iterable[trace.TracerProvider | None]
) -> Iterator[None]:
    """Give `recorder` the spans of the application while the block runs.

    Args:
        recorder: What gets them.
        providers: Those of the middlewares, None for the global one.

    Raises:
        TypeError: The spans of one of them cannot be seen.
    """
    with lock:
        if not _recorders:
            _install()
        _recorders.append(recorder)
    try:
        for provider in {id(each): each for each in map(_real, providers)}.values():
            if provider is not _stand_in:
                _watch(provider)
        _watch_global()
        yield
    finally:
        with lock:
            _recorders.remove(recorder)
            if not _recorders:
                _restore()


def _restore() -> None:
    for owner, name, value in _untouched:
        setattr(owner, name, value)
    _untouched.clear()
    _keeping[:] = [each for each in _keeping if each() is not None]
    for provider in _watched:
        if not _providers.remove(provider, _spans) and not _keeps(provider):
            _keeping.append(_providers.reference(provider))
    _watched.clear()


def _watch_global() -> None:
    """See the spans of the global provider, if it lets us."""
    provider = _real(None)
    if provider is not _stand_in:
        # What refuses to be seen is no middleware's: that has been refused already.
        with suppress(TypeError):
            _watch(provider)


def _install() -> None:
    """See providers that are set while there is a recording, and stand in for none."""
    set_provider: Callable[..., None] = trace._set_tracer_provider

    def set_tracer_provider(*args: Any, **kwargs: Any) -> None:
        set_provider(*args, **kwargs)
        _watch_global()

    def tracer_now(self: trace.ProxyTracer) -> trace.Tracer:
        # Asked each time: the provider that it keeps may be that of an earlier test.
        return _real(None).get_tracer(
            self._instrumenting_module_name,
            self._instrumenting_library_version,
            self._schema_url,
            self._attributes,
        )

    kept = vars(trace.ProxyTracer)["_tracer"]
    _untouched.append((trace, "_set_tracer_provider", set_provider))
    _untouched.append((trace.ProxyTracer, "_tracer", kept))
    trace._set_tracer_provider = set_tracer_provider
    trace.ProxyTracer._tracer = property(tracer_now)  # type: ignore[assignment,method-assign]
