"""How the program of each step is played: by hand, as its page says, or by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from guide.circumstances import AS_THEY_SHOULD_BE, Circumstances


@dataclass(frozen=True)
class Step:
    """What is done with a step's program, besides starting it.

    Args:
        published: A message that the reader publishes by hand, and its destination.
        posted: A path that the reader posts to by hand, and what.
        calls: The step whose program it calls over HTTP.
        instrumented: Whether it gets the middleware from outside.
        faststreams_own: Whether it has FastStream's own middleware, and providers
            that it names.
        of_strangers: Whether its messages bring the context of somebody who is not in
            the trace.
        circumstances: What happens to its messages.
    """

    published: tuple[str, str] | None = None
    posted: tuple[str, Any] | None = None
    calls: str = ""
    instrumented: bool = False
    faststreams_own: bool = False
    of_strangers: bool = False
    circumstances: Circumstances = AS_THEY_SHOULD_BE


PLAYS_ITSELF: Final = Step()

# What they record is in `guide.expected`.
STEPS: Final[dict[str, Step]] = {
    "chain": Step(published=("Ada", "first")),
    "zero_code": Step(instrumented=True),
    "serving": Step(instrumented=True),
    "serving_fastapi": Step(instrumented=True),
    "before": Step(faststreams_own=True),
    "mixed": Step(faststreams_own=True),
    "both": Step(faststreams_own=True),
    "untrusted": Step(of_strangers=True),
    "http_in": Step(posted=("/orders", {"item": "tea"})),
    "http_out": Step(calls="http_in"),
    "errors": Step(circumstances=Circumstances(fails=LookupError)),
    "redelivered": Step(circumstances=Circumstances(fails=ConnectionError)),
    "reading_waiting": Step(circumstances=Circumstances(of="reading", waits=0.03)),
    "reading_lost": Step(circumstances=Circumstances(of="reading", loses="invoices")),
    "reading_orphan": Step(
        circumstances=Circumstances(
            of="reading", unseen=frozenset({"process orders", "publish invoices"})
        )
    ),
}
