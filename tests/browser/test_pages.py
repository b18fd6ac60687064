"""Every page: accessible in every view, light, still, and from one place alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import pytest

# Its package has no types.
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import DESKTOP, PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Request

pytestmark = pytest.mark.browser

Colours = Literal["light", "dark"]

# Views differ in the broker too: other programs, other widths.
VIEWS: Final[dict[str, tuple[Colours, tuple[int, int], str]]] = {
    "light phone": ("light", PHONE, "kafka"),
    "light desktop": ("light", DESKTOP, "rabbit"),
    "dark phone": ("dark", PHONE, "nats"),
    "dark desktop": ("dark", DESKTOP, "mqtt"),
}
# All that a page brings, compressed: KiB.
WEIGHT = 160
MOVED = """() => new Promise((done) =>
    new PerformanceObserver((list) => done(
        list.getEntries().reduce((sum, entry) => sum + entry.value, 0)
    )).observe({ type: "layout-shift", buffered: true }) || setTimeout(done, 50, 0))
"""
# Tables that scroll sideways.
WIDE = """() => [...document.querySelectorAll(".md-typeset__scrollwrap")]
    .filter((each) => each.scrollWidth > each.clientWidth)
    .map((each) => each.textContent)
"""
# Titles that are longer than the table of contents is wide.
CUT = """() => [...document.querySelectorAll(".md-nav--secondary .md-ellipsis")]
    .filter((each) => each.scrollWidth > each.clientWidth)
    .map((each) => each.textContent.trim())
"""
# The top of the menu, as far as the window shows it.
SECTIONS = """() => [...document.querySelectorAll(
        ".md-nav--primary > .md-nav__list > .md-nav__item > :is(a, label).md-nav__link"
    )]
    .filter((each) => {
        const { top, bottom } = each.getBoundingClientRect();
        return each.checkVisibility() && top > 0 && bottom < innerHeight;
    })
    .map((each) => each.textContent.trim())
"""
PAPER = "getComputedStyle(document.body).backgroundColor"


def violations(page: Page, within: str | None = None) -> list[Any]:
    """What axe finds, on the page or in a part of it."""
    found = Axe().run(page, context=within).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_is_accessible(
    browser: Browser, home: str, addresses: list[str], view: str
) -> None:
    """Axe finds nothing, in an open card either, and nothing is wider than its room."""
    colours, size, broker = VIEWS[view]
    context = browser.new_context(
        base_url=home,
        color_scheme=colours,
        viewport={"width": size[0], "height": size[1]},
    )
    page = context.new_page()
    page.goto(f"/?broker={broker}")
    cards = 0
    for address in addresses:
        page.goto(address, wait_until="load")
        scheme = page.locator("body").get_attribute("data-md-color-scheme")
        assert scheme == {"light": "default", "dark": "slate"}[colours]
        assert violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") == size[0], address
        assert page.evaluate(WIDE) == [], address
        assert page.evaluate(CUT) == [], address
        for row in page.locator(".trace-row:visible").all()[:1]:
            row.press("Enter")
            card = ".trace-card:not([hidden])"
            page.locator(card).get_by_role("button", name="Close").wait_for()
            assert violations(page, card) == [], f"{address}, a span"
            cards += 1
    assert cards > len(addresses) / 3
    context.close()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_colours_come_before_scripts(browser: Browser, home: str, colours: Any) -> None:
    """The system's on a first visit, and on others those that were chosen."""
    paper = {"light": "rgb(253, 252, 249)", "dark": "rgb(21, 24, 28)"}
    other = {"light": "dark", "dark": "light"}[colours]
    context = browser.new_context(base_url=home, color_scheme=colours)
    page = context.new_page()
    page.route("**/*.js", lambda route: route.abort())
    page.goto("/chain/")
    assert page.evaluate(PAPER) == paper[colours]
    page.unroute_all()
    page.reload()
    page.get_by_title(f"Switch to {other}").click()
    page.route("**/*.js", lambda route: route.abort())
    page.reload()
    assert page.evaluate(PAPER) == paper[other]
    context.close()


def test_every_page_is_light(browser: Browser, home: str, addresses: list[str]) -> None:
    """A first visit brings little, asks the site alone, and moves nothing."""
    for address in addresses:
        assert_light(browser, home, address)


def assert_light(browser: Browser, home: str, address: str) -> None:
    """Visit a page for the first time."""
    context = browser.new_context(base_url=home)
    page = context.new_page()
    requests: list[Request] = []
    errors: list[str] = []

    def note(request: Request) -> None:
        requests.append(request)

    page.on("request", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text))
    page.goto(address, wait_until="networkidle")
    assert errors == [], address
    away = [each.url for each in requests if not each.url.startswith(home)]
    assert away == [], address
    weight = sum(each.sizes()["responseBodySize"] for each in requests)
    assert 10 * 1024 < weight <= WEIGHT * 1024, f"{address}: {weight}"
    assert any(each.url.endswith(".woff2") for each in requests)
    assert page.evaluate(MOVED) < 0.01, address
    assert context.cookies() == []
    context.close()


def test_every_page_is_read_without_scripts(
    browser: Browser, home: str, addresses: list[str]
) -> None:
    """Text, menu, programs and attributes are there without JavaScript."""
    context = browser.new_context(base_url=home, java_script_enabled=False)
    page = context.new_page()
    for address in addresses:
        page.goto(address)
        assert page.locator("h1").is_visible(), address
        assert page.locator(".md-nav--primary").is_visible(), address
        for figure in page.locator("figure.trace:visible").all():
            table = figure.locator(".trace-span").first
            assert not table.is_visible()
            figure.locator("summary").click()
            assert table.is_visible(), address
    context.close()


def test_the_menu_shows_all_sections(page: Page, addresses: list[str]) -> None:
    """On every page, without scrolling, and the page's own is open."""
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    for address in addresses:
        page.goto(address)
        seen = page.evaluate(SECTIONS)
        assert {"Start", "Tracing", "Production", "Reference"} < set(seen), address
        current = page.locator(".md-nav--primary a.md-nav__link--active").first
        assert current.is_visible(), address


def test_what_is_kept(context: BrowserContext, page: Page) -> None:
    """The browser keeps the broker and the colours that were chosen, nothing else."""
    page.goto("/chain/?broker=nats")
    page.get_by_title("Switch to dark").click()
    page.goto("/")
    kept = page.evaluate("[Object.keys(localStorage), Object.keys(sessionStorage)]")
    kept = [{key.rpartition(".")[2] for key in keys} for keys in kept]
    assert kept == [{"__palette", "__tabs"}, set()]
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    assert context.cookies() == []
