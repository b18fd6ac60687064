"""What is written from the code says what the code does today."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from guide.reference import TABLES, WRITTEN

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_is_up_to_date(path: Path) -> None:
    """What is recorded and read today stands there."""
    assert path.read_text() == WRITTEN[path](), "run scripts/update"


def test_no_table_is_left_over() -> None:
    """Each table is written by something."""
    assert set(TABLES.iterdir()) <= set(WRITTEN)
