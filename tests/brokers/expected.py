"""What the guide's programs record with a server that they do not record in memory."""

from __future__ import annotations

from typing import Final

# By broker and step: the trace, and why it is another.
ON_THE_WIRE: Final[dict[tuple[str, str], tuple[str, str]]] = {}

# Handlers that a server delivers to at the same time, by their spans: either may begin
# first.
AT_THE_SAME_TIME: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("rabbit", "reading"): ("process invoices:outbox", "process invoices:archive"),
}
