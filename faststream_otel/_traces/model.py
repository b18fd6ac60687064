"""A recorded trace: spans with their times, attributes, parents and links."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from faststream_otel._traces.format import clean, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opentelemetry.util.types import AttributeValue


@dataclass(frozen=True, slots=True)
class RecordedLink:
    """A link to another span.

    Attributes:
        trace_id: The trace of the span that is linked.
        span_id: That span.
        attributes: What the link itself says.
    """

    trace_id: int
    span_id: int
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordedSpan:
    """One ended span, as it left the SDK.

    Attributes:
        name: Its operation and destination, as in `publish orders`.
        kind: `PRODUCER`, `CONSUMER`, `CLIENT`, `SERVER` or `INTERNAL`.
        service: `service.name` of the provider's resource; empty if it has none.
        trace_id: The trace that it is part of.
        span_id: Its own id.
        parent_id: The span that it is below; None for a root.
        start: When it began, in nanoseconds.
        end: When it ended, in nanoseconds.
        attributes: Its attributes by their names.
        links: The spans that it links.
        status: `UNSET`, `OK` or `ERROR`.
        status_description: What the status says besides: of an error, its message.
        baggage: What was baggage when it began. That of a message is what was sent
            with it.
    """

    name: str
    kind: str
    service: str
    trace_id: int
    span_id: int
    parent_id: int | None
    start: int
    end: int
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    links: Sequence[RecordedLink] = ()
    status: str = "UNSET"
    status_description: str = ""
    baggage: Mapping[str, object] = field(default_factory=dict)


def fault(span: RecordedSpan) -> str:
    """What went wrong in a span, in the fewest words; empty where nothing did."""
    if span.status != "ERROR":
        return ""
    kind = span.attributes.get("error.type")
    name = value(kind).rpartition(".")[2] if kind is not None else ""
    return name or clean(span.status_description) or "error"


@dataclass(frozen=True, slots=True)
class Trace:
    """The spans of one recording, ordered by their start.

    A recording may hold several traces: a span whose parent was not recorded is a root.
    """

    spans: tuple[RecordedSpan, ...]

    def roots(self) -> list[RecordedSpan]:
        """Spans whose parent is not part of this recording."""
        known = {span.span_id for span in self.spans}
        return [span for span in self.spans if span.parent_id not in known]

    def children(self, parent: RecordedSpan) -> list[RecordedSpan]:
        """The direct children of `parent`, in order of their start."""
        return [span for span in self.spans if span.parent_id == parent.span_id]

    def walk(self) -> Iterator[tuple[int, RecordedSpan]]:
        """Every span depth first, with its depth below its root (0 for a root)."""

        def below(span: RecordedSpan, depth: int) -> Iterator[tuple[int, RecordedSpan]]:
            yield depth, span
            for child in self.children(span):
                yield from below(child, depth + 1)

        for root in self.roots():
            yield from below(root, 0)

    def find(self, name: str) -> RecordedSpan:
        """The one span that has this name.

        Raises:
            LookupError: None has it, or several have.
        """
        found = [span for span in self.spans if span.name == name]
        if len(found) == 1:
            return found[0]
        names = ", ".join(repr(span.name) for span in self.spans) or "none"
        raise LookupError(f"{len(found)} spans are named {name!r}; recorded: {names}")

    def shape(self, *, kinds: bool = True) -> str:
        """The trace as text to compare: a span a line, below its parent, indented.

        Args:
            kinds: Whether each name is followed by its span's kind.
        """
        lines = []
        for depth, span in self.walk():
            kind = f" [{clean(span.kind)}]" if kinds else ""
            error = f" ✗ {words}" if (words := fault(span)) else ""
            lines.append(f"{'  ' * depth}{clean(span.name)}{kind}{error}")
        return "\n".join(lines)
