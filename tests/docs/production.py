"""What the page about production shows: its configurations."""

from __future__ import annotations

from guide.places import PROGRAMS

CONFIGS = PROGRAMS / "config"
COLLECTORS = ("collector", "collector_front", "collector_sampler")
