"""What the guide's programs record with a server that they do not record in memory."""

from __future__ import annotations

from typing import Final

# By broker and step: the trace, and why it is another.
ON_THE_WIRE: Final[dict[tuple[str, str], tuple[str, str]]] = {}
