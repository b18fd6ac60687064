"""The kinds of brokers, as a parameter of tests."""

from __future__ import annotations

import pytest

from guide.kinds import KINDS, Kind

__all__ = ("KINDS", "Kind", "every_kind")

every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
