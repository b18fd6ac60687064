"""A recorded trace: spans with their times, attributes, parents and links."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from faststream_otel._traces.format import clean, value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from opentelemetry.util.types import AttributeValue


# Text that can be told from a number and from what is around it.
_PLAIN: Final = re.compile(
    r"(?!(?:true|false|\.\.\.)$|[\d.+-]+$)[^\s,{}\"\[\]=][^,{}\"]*(?<!\s)"
)


@dataclass(frozen=True, slots=True)
class RecordedLink:
    """A link to another span.

    Attributes:
        trace_id: The trace id of the linked span.
        span_id: The id of the linked span.
        attributes: The attributes of the link itself.
    """

    trace_id: int
    span_id: int
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordedSpan:
    """A span that has ended, as the SDK passed it to its processors.

    Attributes:
        name: Its operation and destination, such as `publish orders`.
        kind: `PRODUCER`, `CONSUMER`, `CLIENT`, `SERVER` or `INTERNAL`.
        service: The `service.name` of the provider's resource; empty if it has none.
        trace_id: The id of the trace that it belongs to.
        span_id: Its own id.
        parent_id: The id of its parent; None for a root.
        start: When it began, in nanoseconds.
        end: When it ended, in nanoseconds.
        attributes: Its attributes, by name.
        links: Its links to other spans.
        status: `UNSET`, `OK` or `ERROR`.
        status_description: The description of the status: for an error, its message.
        baggage: The baggage at the moment when it began. For a publish span, that is
            the baggage that was sent with the message.
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


# Deeper lines say how deep they are: indentation alone would make the text grow with
# the square of a trace's depth.
MOST_INDENTED: Final = 100
_MOST_NAMES: Final = 20


@dataclass(frozen=True, slots=True)
class Trace:
    """The spans of one recording, ordered by their start.

    A recording may hold several traces: a span whose parent was not recorded is a root.
    """

    spans: tuple[RecordedSpan, ...]
    _below: Mapping[int | None, Sequence[RecordedSpan]] = field(
        init=False, repr=False, compare=False, hash=False
    )

    def __post_init__(self) -> None:
        """Look for the children of each span once."""
        below: dict[int | None, list[RecordedSpan]] = {}
        for span in self.spans:
            below.setdefault(span.parent_id, []).append(span)
        object.__setattr__(self, "_below", below)

    def roots(self) -> list[RecordedSpan]:
        """Return the spans whose parent is not part of this recording."""
        known = {span.span_id for span in self.spans}
        return [span for span in self.spans if span.parent_id not in known]

    def children(self, parent: RecordedSpan) -> list[RecordedSpan]:
        """Return the direct children of `parent`, in the order in which they began."""
        return list(self._below.get(parent.span_id, ()))

    def walk(self) -> Iterator[tuple[int, RecordedSpan]]:
        """Yield every span with its depth, depth first; a root has depth 0."""
        seen: set[int] = set()
        # What is its own ancestor has no root, and is not to be missing.
        for root in (*self.roots(), *self.spans):
            waiting = [(0, root)]
            while waiting:
                depth, span = waiting.pop()
                if id(span) in seen:
                    continue
                seen.add(id(span))
                yield depth, span
                below = self._below.get(span.span_id, ())
                waiting.extend((depth + 1, child) for child in reversed(below))

    def find(self, name: str) -> RecordedSpan:
        """Return the only span that has this name.

        Raises:
            LookupError: No span has this name, or several have.
        """
        found = [span for span in self.spans if span.name == name]
        if len(found) == 1:
            return found[0]
        counts = Counter(repr(span.name) for span in self.spans)
        names = [
            f"{each} ({count} times)" if count > 1 else each
            for each, count in counts.items()
        ]
        if len(names) > _MOST_NAMES:
            names[_MOST_NAMES:] = [f"and {len(names) - _MOST_NAMES} other names"]
        recorded = ", ".join(names) or "none"
        raise LookupError(
            f"{len(found)} spans are named {name!r}; recorded: {recorded}"
        )

    def shape(self, *, kinds: bool = True, attributes: Collection[str] = ()) -> str:
        """Return the trace as text, one line per span, indented below its parent.

        `assert_trace` accepts this text, and a snapshot can store it.

        Args:
            kinds: Whether each name is followed by its span's kind.
            attributes: Names of attributes to show with the spans that have them.
        """
        return "\n".join(
            indented(depth, line(span, kinds=kinds, attributes=attributes))
            for depth, span in self.walk()
        )


def indented(depth: int, text: str) -> str:
    """Put the text of a span below that of its parent."""
    if depth > MOST_INDENTED:
        return f"{'  ' * MOST_INDENTED}({depth}) {text}"
    return f"{'  ' * depth}{text}"


def line(
    span: RecordedSpan, *, kinds: bool = True, attributes: Collection[str] = ()
) -> str:
    """A span in a line: its name, kind and error, and some of its attributes."""
    parts = [clean(span.name)]
    if kinds:
        parts.append(f"[{clean(span.kind)}]")
    if error := fault(span):
        parts.append(f"✗ {error}")
    shown = [
        f"{name}={quoted(span.attributes[name])}"
        for name in attributes
        if name in span.attributes
    ]
    if shown:
        parts.append(f"{{{', '.join(shown)}}}")
    return " ".join(parts)


def quoted(attribute: AttributeValue) -> str:
    """An attribute's value, in quotes where it could be read as something else."""
    text = value(attribute)
    if not isinstance(attribute, str) or _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
