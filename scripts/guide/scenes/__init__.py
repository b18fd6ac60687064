"""What happens on a broker in memory, so that each condition is true for some span.

A scene gives the spans that it recorded, with the conditions that are true for each.
"""

from __future__ import annotations

from guide.scenes import batches, messages, particular
from guide.scenes.stage import SCENES, Cell, everything, play

__all__ = (
    "SCENES",
    "Cell",
    "batches",
    "everything",
    "messages",
    "particular",
    "play",
)
