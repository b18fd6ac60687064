"""What the page about production shows: its programs and its configurations."""

from __future__ import annotations

from tests.docs.programs import PROGRAMS, Program

CONFIGS = PROGRAMS / "config"
COLLECTORS = ("collector", "collector_front", "collector_sampler")
UNTRUSTED = Program("nats", "untrusted")
