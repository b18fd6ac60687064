"""Faults of telemetry itself: told once, and the message goes on."""

from __future__ import annotations

import logging
from asyncio import CancelledError
from contextlib import suppress
from typing import Final

# What a call of telemetry may raise. A task is cancelled, and a generator closed, where
# it waits, and telemetry never waits: a hook or a sampler that raises one of these,
# because it asked a future for its result, say, has failed like any other.
FAULTS: Final = (Exception, CancelledError, GeneratorExit)

_logger = logging.getLogger("faststream_otel")
_told: set[str] = set()


def tell_once(what: str) -> None:
    """Log the exception that is being handled, the first time `what` fails.

    Args:
        what: The part that failed, in words that the reader of a log understands.
            There are a handful of them, so the set of those told stays small.
    """
    if what in _told:
        return
    _told.add(what)
    # The exception that is told may itself be broken.
    with suppress(*FAULTS):
        _logger.error(
            "%s failed; the message goes on without it. "
            "Further failures are not logged.",
            what,
            exc_info=True,  # noqa: LOG014 - it is called while an exception is handled
        )


def warn_once(what: str) -> None:
    """Log a warning, the first time it is given."""
    if what not in _told:
        _told.add(what)
        _logger.warning("%s", what)
