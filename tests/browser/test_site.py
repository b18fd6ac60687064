"""The guide in a real browser: tabs, copying, no request elsewhere, accessibility."""

from __future__ import annotations

import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import (  # type: ignore[import-untyped]
    Axe,
)
from playwright.sync_api import sync_playwright

from tests.docs.site import PROGRAMS, TABS, build, pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

WITH_TABS = ("/first-trace/", "/chain/")
COLOURS = ("light", "dark")
PHONE, DESKTOP = (390, 844), (1280, 800)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-gpu",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built guide."""
    to = tmp_path_factory.mktemp("guide")
    built = build(to)
    assert built.returncode == 0, built.stdout
    return to


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing about it."""

    def log_message(self, *args: Any) -> None:
        """Drop the line."""


@pytest.fixture(scope="module")
def home(site: Path) -> Iterator[str]:
    """The address at which the guide is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


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


def addresses(site: Path) -> list[str]:
    """The guide's pages."""
    return [page.address for page in pages(site) if str(page) != "404.html"]


def chosen(page: Page) -> list[str]:
    """The label of the open tab, for each tab set of the page."""
    labels: list[str] = page.eval_on_selector_all(
        ".tabbed-set",
        """sets => sets.map(set => {
            const open = [...set.querySelectorAll(".tabbed-block")]
                .findIndex(block => block.checkVisibility());
            return set.querySelectorAll(".tabbed-labels > label")[open].innerText;
        })""",
    )
    return labels


def choose(page: Page, label: str) -> None:
    """Choose a broker in the page's first tab set."""
    page.locator(".tabbed-labels").first.get_by_text(label, exact=True).click()


@pytest.mark.parametrize("label", TABS)
def test_a_chosen_broker_stays_chosen(page: Page, label: str) -> None:
    """One click switches every tab set: here, after a reload, and elsewhere."""
    here, there = WITH_TABS
    page.goto(here)
    assert set(chosen(page)) == {"Kafka"}
    assert len(chosen(page)) > 1

    choose(page, label)
    assert set(chosen(page)) == {label}
    page.reload()
    assert set(chosen(page)) == {label}
    page.get_by_role("link", name="A chain of handlers").first.click()
    page.wait_for_url(f"**{there}")
    assert set(chosen(page)) == {label}


def test_a_broker_is_chosen_by_keyboard(page: Page) -> None:
    """The arrow keys switch every tab set too."""
    page.goto(WITH_TABS[0])
    page.locator(".tabbed-set > input").first.focus()
    page.keyboard.press("ArrowRight")
    assert set(chosen(page)) == {"Confluent"}


def test_brokers_are_read_without_scripts(browser: Browser, home: str) -> None:
    """Without JavaScript each tab still opens."""
    context = browser.new_context(base_url=home, java_script_enabled=False)
    page = context.new_page()
    page.goto(WITH_TABS[0])
    program = page.locator(".highlight", has_text="nats/first_trace.py")
    assert not program.is_visible()
    choose(page, "NATS")
    assert program.is_visible()
    assert "NatsBroker" in program.inner_text()
    context.close()


@pytest.mark.parametrize("label", TABS)
def test_what_is_copied_is_the_file(
    context: BrowserContext, page: Page, label: str
) -> None:
    """Each copy button gives its file, whole."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    for address in WITH_TABS:
        page.goto(address)
        choose(page, label)
        blocks = page.locator(".highlight:visible")
        assert blocks.count() > 1
        for block in blocks.all():
            file = block.locator(".filename").inner_text()
            block.get_by_role("button", name=f"Copy {file}").click()
            copied = page.evaluate("navigator.clipboard.readText()")
            assert copied == (PROGRAMS / file).read_text().removesuffix("\n")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("colours", COLOURS)
def test_every_page_is_accessible(
    browser: Browser, home: str, site: Path, colours: Any, size: tuple[int, int]
) -> None:
    """Axe finds nothing, and no page is wider than its screen."""
    context = browser.new_context(
        base_url=home,
        color_scheme=colours,
        viewport={"width": size[0], "height": size[1]},
    )
    page = context.new_page()
    for address in addresses(site):
        page.goto(address, wait_until="networkidle")
        scheme = page.locator("body").get_attribute("data-md-color-scheme")
        assert scheme == {"light": "default", "dark": "slate"}[colours]
        assert Axe().run(page).response["violations"] == [], address
        assert page.evaluate("document.documentElement.scrollWidth") == size[0], address
    context.close()


def test_nothing_is_fetched_from_elsewhere(
    context: BrowserContext, page: Page, site: Path, home: str
) -> None:
    """Each page, and a search, asks the site alone, and no script of it fails."""
    requests: list[str] = []
    errors: list[str] = []
    context.on("request", lambda request: requests.append(request.url))
    context.on("weberror", lambda error: errors.append(str(error.error)))
    for address in addresses(site):
        page.goto(address, wait_until="networkidle")
    search = page.locator("[data-md-component=search-query]")
    search.click()
    search.press_sequentially("span")
    page.locator(".md-search-result__item").first.wait_for(timeout=10_000)
    assert any(request.endswith(".woff2") for request in requests)
    assert [request for request in requests if not request.startswith(home)] == []
    assert errors == []
