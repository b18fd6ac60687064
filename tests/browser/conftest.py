"""The built guide, served as a web server would, and a browser to read it with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from guide.server import serve
from tests.browser.worker import Worker
from tests.conftest import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

# Sizes of screens.
PHONE, DESKTOP = (390, 844), (1280, 800)


# Not of the session: Playwright's event loop would run on under all tests that follow.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    from guide.chromium import chromium

    with chromium() as launched:
        yield launched


@pytest.fixture(scope="session")
def addresses(site: Path) -> list[str]:
    """The guide's pages, all that there are."""
    from tests.docs.site import pages

    return [page.address for page in pages(site) if str(page) != "404.html"]


@pytest.fixture(scope="session")
def with_tabs(site: Path) -> list[str]:
    """The pages that have tabs."""
    from tests.docs.site import pages

    found = [page.address for page in pages(site) if any(page.tab_sets())]
    assert len(found) > 1
    return found


@pytest.fixture(scope="session")
def home(site: Path) -> Iterator[str]:
    """The address at which the guide is served."""
    with serve(site) as address:
        yield address


@pytest.fixture(scope="session")
def playable(site: Path) -> None:
    """The guide has what runs its programs in a browser."""
    if not (site / "assets" / "run" / "programs.json").exists():
        lacks = "the guide was built without what scripts/playground fetches"
        if "browser" in REQUIRED:
            pytest.fail(f"{lacks}, and it is required", pytrace=False)
        pytest.skip(lacks)


@pytest.fixture
def context(browser: Browser, home: str) -> Iterator[BrowserContext]:
    """A reader who has never been here."""
    opened = browser.new_context(base_url=home)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page of that reader, without a site yet."""
    return context.new_page()


@pytest.fixture(scope="package")
def worker(browser: Browser, home: str) -> Iterator[Worker]:
    """One for all edits: none leaves anything to the next."""
    page = browser.new_page(base_url=home)
    # An endless one must not take the suite's time: the worker ends it by itself.
    page.set_default_timeout(60_000)
    page.goto("/404.html")
    yield Worker(page)
    page.close()
