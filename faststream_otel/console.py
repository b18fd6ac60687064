"""Show each trace in a terminal as a tree.

Needs `opentelemetry-sdk`.
"""

from __future__ import annotations

import os
import shutil
import sys
from threading import Lock, Timer
from typing import TYPE_CHECKING

from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from faststream_otel._faults import tell_once
from faststream_otel._traces.model import Trace
from faststream_otel._traces.recorder import recorded
from faststream_otel._traces.tree import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TextIO

    from opentelemetry.sdk.trace import ReadableSpan

    from faststream_otel._traces.model import RecordedSpan

__all__ = ("TreeSpanExporter",)


class TreeSpanExporter(SpanExporter):
    """Prints each trace as a tree: kinds, services, durations, errors and links.

    A trace is printed a moment after its last span has ended, so that one tree shows
    both the publisher of a message and its handlers. It contains only the spans of
    this process. Spans that end later are printed as a separate tree.

    `opentelemetry-instrument --traces_exporter tree` uses it.

    Args:
        out: Where to print. Default: standard output.
        color: Whether to use colours. By default, they are used if `out` is a terminal
            and `NO_COLOR` is not set, or if `FORCE_COLOR` is set.
        width: The number of columns. Default: the width of the terminal.
        attributes: Whether to print the attributes of each span.
        wait: How long to wait after the last span of a trace before it is printed, in
            seconds.
        max_spans: How many spans to keep until their traces can be printed. If there
            are more, the oldest trace is printed as it is. If spans end faster than
            they can be printed, some are left out, and the output says how many.
    """

    def __init__(
        self,
        out: TextIO | None = None,
        *,
        color: bool | None = None,
        width: int | None = None,
        attributes: bool = False,
        wait: float = 0.25,
        max_spans: int = 2048,
    ) -> None:
        self._out = out
        self._color = color
        self._width = width
        self._attributes = attributes
        self._wait = wait
        self._max_spans = max_spans
        self._kept: dict[int, _Kept] = {}
        self._count = 0
        self._printed: dict[int, None] = {}
        # Traces that are to be printed, and how many spans they have; with those that
        # are being printed.
        self._due: list[Trace] = []
        self._due_count = 0
        self._left_out = 0
        self._printer: Timer | None = None
        self._lock = Lock()
        self._printing = Lock()
        self._timer: Timer | None = None
        self._is_shut_down = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Keep spans until their trace can be printed; the SDK calls this."""
        try:
            with self._lock:
                if self._is_shut_down:
                    return SpanExportResult.FAILURE
                for span in spans:
                    self._keep(span)
                while self._count > self._max_spans:
                    self._print_soon(self._take(next(iter(self._kept))))
                self._start_timer()
        except Exception:
            tell_once("Exporting spans to the console")
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Print all kept spans, complete or not; the SDK calls this."""
        with self._lock:
            traces = [self._take(trace_id) for trace_id in list(self._kept)]
            self._due.extend(trace for trace in traces if trace.spans)
            self._due_count += sum(len(trace.spans) for trace in traces)
        return self._print_due(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Print all kept spans, and nothing afterwards; the SDK calls this."""
        with self._lock:
            self._is_shut_down = True
            if self._timer is not None:
                self._timer.cancel()
        self.force_flush()

    def _keep(self, span: ReadableSpan) -> None:
        copy = recorded(span)
        parent = span.parent
        kept = self._kept.setdefault(copy.trace_id, _Kept())
        kept.add(
            copy,
            is_root=parent is None
            or parent.is_remote
            or parent.span_id in self._printed,
        )
        self._count += 1

    def _start_timer(self) -> None:
        # In a process that was forked, the thread of the timer is not alive.
        if self._timer is not None and self._timer.is_alive():
            return
        if self._due or any(kept.roots for kept in self._kept.values()):
            self._timer = Timer(self._wait, self._tick)
            self._timer.daemon = True
            self._timer.start()

    def _tick(self) -> None:
        """Print what has got no span since the last tick."""
        try:
            with self._lock:
                self._timer = None
                for trace_id, kept in list(self._kept.items()):
                    if kept.is_quiet and kept.roots:
                        self._queue(self._take(trace_id, complete=True))
                    kept.is_quiet = True
                if not self._is_shut_down:
                    self._start_timer()
        except Exception:
            tell_once("Exporting spans to the console")
        # Whoever prints already, prints this as well, or the next tick does.
        self._print_due(0)

    def _queue(self, trace: Trace) -> None:
        """Have a trace printed, or leave it out if too many wait for that."""
        count = len(trace.spans)
        if self._due_count + count > self._max_spans and self._due_count:
            self._left_out += count
        elif count:
            self._due.append(trace)
            self._due_count += count

    def _print_soon(self, trace: Trace) -> None:
        """Have a trace printed by a thread: who ends a span does not wait for that."""
        self._queue(trace)
        if self._printer is None or not self._printer.is_alive():
            self._printer = Timer(0, self._print_due)
            self._printer.daemon = True
            self._printer.start()

    def _take(self, trace_id: int, *, complete: bool = False) -> Trace:
        """Keep the spans of a trace no longer: all, or all that are complete."""
        kept = self._kept[trace_id]
        spans = kept.take(complete=complete)
        self._count -= len(spans)
        if not kept.spans:
            del self._kept[trace_id]
        self._printed.update(dict.fromkeys(span.span_id for span in spans))
        while len(self._printed) > self._max_spans:
            del self._printed[next(iter(self._printed))]
        return Trace(tuple(sorted(spans, key=lambda span: span.start)))

    def _print_due(self, patience: float = -1) -> bool:
        """Print what is due; False if another thread did not finish that in time."""
        # Not under the lock of `export`: a terminal that waits stops no application.
        if not self._printing.acquire(timeout=patience):
            return False
        try:
            while True:
                with self._lock:
                    traces, self._due = self._due, []
                    left_out, self._left_out = self._left_out, 0
                    if not traces and not left_out:
                        # Whatever is due from here on has a thread of its own.
                        self._printer = None
                        return True
                self._print(traces, left_out)
                with self._lock:
                    self._due_count -= sum(len(trace.spans) for trace in traces)
        finally:
            self._printing.release()

    def _print(self, traces: Iterable[Trace], left_out: int = 0) -> None:
        try:
            for trace in traces:
                self._write(self._shown(trace))
            if left_out:
                self._write(
                    f"{left_out} spans were left out: they ended faster than they "
                    "could be printed\n\n"
                )
        except Exception:
            tell_once("Printing a trace")

    def _shown(self, trace: Trace) -> str:
        out = self._stream()
        return show(
            trace,
            width=self._width or shutil.get_terminal_size().columns,
            color=has_color(out) if self._color is None else self._color,
            attributes=self._attributes,
        )

    def _stream(self) -> TextIO:
        return sys.stdout if self._out is None else self._out

    def _write(self, text: str) -> None:
        out = self._stream()
        encoding = getattr(out, "encoding", None) or "utf-8"
        # A terminal without these characters shows question marks, not nothing.
        out.write(text.encode(encoding, "replace").decode(encoding))
        out.flush()


class _Kept:
    """Spans of a trace that have ended, until they are printed."""

    def __init__(self) -> None:
        self.spans: dict[int, RecordedSpan] = {}
        # Those whose parent is none, in another process, or printed.
        self.roots: set[int] = set()
        self.is_quiet = False

    def add(self, span: RecordedSpan, *, is_root: bool) -> None:
        """Keep a span that has just ended."""
        self.spans[span.span_id] = span
        if is_root:
            self.roots.add(span.span_id)
        self.is_quiet = False

    def take(self, *, complete: bool) -> list[RecordedSpan]:
        """Give away all, or only what is below a root: other parents go on."""
        taken = list(self._complete() if complete else self.spans.values())
        for span in taken:
            del self.spans[span.span_id]
        self.roots.clear()
        return taken

    def _complete(self) -> Iterator[RecordedSpan]:
        """Those below a root."""
        known = dict.fromkeys(self.roots, True)
        for span in self.spans.values():
            path = []
            at: RecordedSpan | None = span
            while at is not None and at.span_id not in known:
                path.append(at.span_id)
                # What is its own ancestor has no root.
                known[at.span_id] = False
                at = self.spans.get(at.parent_id or 0)
            is_complete = at is not None and known[at.span_id]
            known.update(dict.fromkeys(path, is_complete))
            if known[span.span_id]:
                yield span


def show(
    trace: Trace, *, width: int, color: bool = False, attributes: bool = False
) -> str:
    """The trace as it is printed: its id, its spans, an empty line."""
    tree = render(trace, width=width, color=color, attributes=attributes)
    heading = f"trace {trace.spans[0].trace_id:032x}"
    if color:
        heading = f"\x1b[2m{heading}\x1b[0m"
    return f"{heading}\n{tree}\n\n"


def has_color(out: TextIO) -> bool:
    """Whether `out` shows colours; https://no-color.org and https://force-color.org."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return out.isatty() and os.environ.get("TERM") != "dumb"
