"""The pages of the built guide, once for all tests of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.docs.site import Page


@pytest.fixture(scope="session")
def guide(site: Path) -> list[Page]:
    """The pages of the guide. Besides those in the menu there is one for errors."""
    from tests.docs.site import pages

    found = pages(site)
    assert len(found) > 1
    return [page for page in found if str(page) != "404.html"]
