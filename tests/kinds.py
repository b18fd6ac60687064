"""The kinds of brokers, as a parameter of tests."""

from __future__ import annotations

import pytest

from guide.kinds import KINDS, Kind
from guide.places import BROKERS

__all__ = ("KINDS", "Kind", "every_kind", "long_but_on_one", "process_per_broker")

every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


def long_but_on_one(broker: str) -> tuple[pytest.MarkDecorator, ...]:
    """Mark a test that starts a process per broker: all but one when asked for."""
    return () if broker == "nats" else (pytest.mark.long,)


process_per_broker = pytest.mark.parametrize(
    "broker",
    [pytest.param(broker, marks=long_but_on_one(broker)) for broker in BROKERS],
)
