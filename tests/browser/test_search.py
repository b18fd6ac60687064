"""Search finds what a developer types: a class, an attribute, part of one, an error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from guide.places import TABS
from tests.browser.test_pages import violations

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# What is typed, and the page that must be among the first results.
TYPED = {
    "NatsTelemetryMiddleware": "/reference/api/",
    "messaging.destination.name": "/reference/attributes/",
    "destination.name": "/reference/attributes/",
    "conversation_id": "/reference/attributes/",
    "record_queue_time": "/reference/options/",
    "settle_spans": "/reference/options/",
    "OTEL_PYTHON_FASTSTREAM_EXCLUDED_DESTINATIONS": "/reference/options/",
    "the trace has another shape": "/testing/",
    "assert_trace": "/testing/",
}
# How many results a reader looks at.
FIRST = 5


def results(page: Page, typed: str) -> list[str]:
    """The addresses of the pages that a search finds, best first."""
    query = page.locator("[data-md-component=search-query]")
    query.click()
    query.fill(typed)
    query.press("End")
    page.locator(".md-search-result__item").first.wait_for(timeout=20_000)
    links: list[str] = page.eval_on_selector_all(
        ".md-search-result__item > a", "links => links.map(link => link.pathname)"
    )
    return links


@pytest.mark.parametrize("typed", TYPED)
def test_what_is_found(page: Page, typed: str) -> None:
    """The page that explains it is among the first."""
    page.goto("/")
    assert TYPED[typed] in results(page, typed)[:FIRST]


def test_previews_are_sentences(page: Page) -> None:
    """The names of tabs do not run together in what a result shows."""
    page.goto("/")
    results(page, "handlers")
    shown = page.locator(".md-search-result__list").inner_text()
    assert "".join(TABS)[:14] not in shown
    assert violations(page) == []


def test_a_program_is_found_once(site: Path) -> None:
    """Of the six that a page has in tabs, the index has what is different."""
    index = json.loads((site / "search" / "search_index.json").read_text())
    [chain] = [each["text"] for each in index["docs"] if each["location"] == "chain/"]
    assert chain.count("async def greet") == 1
    assert "NatsBroker" in chain
    assert "MQTTBroker" in chain
