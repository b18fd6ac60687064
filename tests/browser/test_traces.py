"""A span of a picture shows its attributes: by pointer, by keyboard, and by touch."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from guide.places import PICTURES
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_pages import Colours, violations
from tests.docs.site import parse

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

CHAIN = "/chain/?broker=nats"
# Pages whose pictures have many spans, or spans with many attributes.
MANY_SPANS = (
    "/full-example/?broker=nats",
    "/chain/?broker=kafka",
    "/batches/?broker=kafka",
    "/errors/?broker=rabbit",
    "/custom-spans/?broker=kafka",
    "/http/?broker=redis",
)
# Where in the window a span is brought, from its top under the header to its bottom.
PLACES = (0, 0.5, 1)
# Brings a row there, and gives the point to show it by.
BRING = """(figure, [number, place]) => {
    const row = figure.querySelectorAll(".trace-row")[number];
    const hit = row.querySelector(".trace-hit");
    const header = document.querySelector(".md-header").offsetHeight;
    const { top, height } = hit.getBoundingClientRect();
    scrollBy(0, top - header - place * (innerHeight - header - height));
    const now = hit.getBoundingClientRect();
    return [now.left + 8, now.top + now.height / 2];
}"""
OPEN = """(number) => {
    const open = document.querySelector(".trace-row[aria-expanded=true]");
    return open && [...open.parentNode.querySelectorAll(".trace-row")][number] === open;
}"""
# What is wrong with where the open card is.
BESIDE = """(figure) => {
    const row = figure.querySelector(".trace-row[aria-expanded=true] .trace-hit");
    const span = row.getBoundingClientRect();
    const card = figure.querySelector(".trace-card").getBoundingClientRect();
    const header = document.querySelector(".md-header").getBoundingClientRect().bottom;
    return [
        card.height < 40 && "small",
        (card.left < 0 || card.right > innerWidth) && "beside the window",
        (card.top < header || card.bottom > innerHeight) && "above or below the window",
        card.top < span.bottom && card.bottom > span.top && "on its span",
    ].filter(Boolean);
}"""


def picture(page: Page) -> Locator:
    """The picture that is shown."""
    page.goto(CHAIN, wait_until="load")
    found = page.locator("figure.trace:visible")
    assert found.count() == 1
    found.scroll_into_view_if_needed()
    return found


def recorded(number: int) -> set[str]:
    """The lines of a span's table, and those of all spans, as they were recorded."""
    soup = parse((PICTURES / "nats" / "chain.html").read_text())
    tables = soup.select("table")
    return {
        row.get_text()
        for table in (tables[number], tables[-1])
        for row in table.select("tr")
    }


def shown(figure: Locator) -> set[str]:
    """The lines of the card that is shown, none if there is no card."""
    rows = figure.locator(".trace-card tr:visible")
    return set(rows.evaluate_all("rows => rows.map(row => row.textContent)"))


def test_pointing_shows_attributes(page: Page) -> None:
    """The span's own and those of all, while the pointer is there; then nothing."""
    figure = picture(page)
    rows = figure.locator(".trace-row")
    for number in range(rows.count()):
        rows.nth(number).hover(position={"x": 8, "y": 20})
        figure.locator(".trace-row[aria-expanded=true]").wait_for()
        assert shown(figure) == recorded(number)
    page.mouse.move(2, 2)
    figure.locator(".trace-card").wait_for(state="hidden")


def test_a_card_can_be_pointed_at(page: Page) -> None:
    """The pointer gets from the span to its card, whose text can be selected."""
    figure = picture(page)
    figure.locator(".trace-row").first.hover()
    card = figure.locator(".trace-card")
    card.hover()
    # Longer than what the pointer has to get there.
    page.wait_for_timeout(300)
    assert shown(figure) == recorded(0)


def test_keys_show_attributes(page: Page) -> None:
    """Tab enters a picture, arrows go from span to span, Escape closes, Tab leaves."""
    figure = picture(page)
    rows = figure.locator(".trace-row")
    figure.evaluate(
        """figure => {
            const before = document.createElement("button");
            figure.before(before);
            before.focus();
        }"""
    )
    page.keyboard.press("Tab")
    assert shown(figure) == recorded(0)
    page.keyboard.press("ArrowDown")
    assert shown(figure) == recorded(1)
    page.keyboard.press("End")
    last = rows.count() - 1
    assert shown(figure) == recorded(last)
    assert rows.nth(last).get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert shown(figure) == set()
    assert rows.nth(last).evaluate("row => row === document.activeElement")
    page.keyboard.press("ArrowUp")
    assert shown(figure) == recorded(last - 1)
    page.keyboard.press("Tab")
    assert shown(figure) == set()
    assert figure.locator("summary").evaluate("it => it === document.activeElement")


def test_enter_opens_for_good(page: Page) -> None:
    """The card stays when Tab leaves the span, until Escape, Enter or its button."""
    figure = picture(page)
    row = figure.locator(".trace-row").first
    close = figure.get_by_role("button", name="Close")
    row.focus()
    for ending in ("Escape", "Enter", "Shift+Tab Enter"):
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert shown(figure) == recorded(0)
        for key in ending.split():
            if key == "Enter" and ending == key:
                close.focus()
            page.keyboard.press(key)
        assert shown(figure) == set(), ending
        assert row.evaluate("row => row === document.activeElement"), ending


def test_a_click_opens_for_good(page: Page) -> None:
    """Other spans are pointed at in vain; one that is clicked takes the card over."""
    figure = picture(page)
    rows = figure.locator(".trace-row")
    at: Any = {"x": 8, "y": 20}
    rows.nth(1).click(position=at)
    page.mouse.move(2, 2)
    # Longer than an open card has that is not to stay.
    page.wait_for_timeout(300)
    rows.nth(0).hover(position=at)
    assert shown(figure) == recorded(1)
    rows.nth(0).click(position=at)
    assert shown(figure) == recorded(0)
    rows.nth(0).click(position=at)
    assert shown(figure) == set()
    rows.nth(0).click(position=at)
    page.locator("h1").click()
    assert shown(figure) == set()


def test_touch_shows_attributes(browser: Browser, home: str) -> None:
    """A tap opens a span, a tap elsewhere closes it; the card fits the screen."""
    context = browser.new_context(
        base_url=home,
        has_touch=True,
        is_mobile=True,
        viewport={"width": PHONE[0], "height": PHONE[1]},
    )
    page = context.new_page()
    figure = picture(page)
    rows = figure.locator(".trace-row")
    rows.nth(2).tap(position={"x": 60, "y": 20})
    assert shown(figure) == recorded(2)
    box = figure.locator(".trace-card").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE[0]
    rows.nth(0).tap(position={"x": 60, "y": 20})
    assert shown(figure) == recorded(0)
    page.locator("h1").tap()
    assert shown(figure) == set()
    context.close()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_card_is_in_the_window_and_beside_its_span(
    browser: Browser, home: str, size: tuple[int, int]
) -> None:
    """Wherever in the window a span is, its card is whole, and not on the span."""
    context = browser.new_context(
        base_url=home,
        has_touch=size == PHONE,
        viewport={"width": size[0], "height": size[1]},
    )
    page = context.new_page()
    measured = 0
    wrong = []
    for address in MANY_SPANS:
        page.goto(address, wait_until="load")
        for figure in page.locator("figure.trace:visible").all():
            count = figure.locator(".trace-row").count()
            for number, place in product(range(count), PLACES):
                x, y = figure.evaluate(BRING, [number, place])
                if size == PHONE:
                    page.touchscreen.tap(x, y)
                else:
                    page.mouse.move(x, y)
                page.wait_for_function(OPEN, arg=number)
                found = figure.evaluate(BESIDE)
                if found:
                    wrong.append(f"{address} {number} {place}: {found}")
                measured += 1
                page.keyboard.press("Escape")
                page.mouse.move(1, 1)
    assert measured > 60 * len(PLACES)
    assert wrong == []
    context.close()


def test_a_card_stays_in_the_window(page: Page) -> None:
    """The page scrolls under it; one that is longer than its room scrolls itself."""
    page.set_viewport_size({"width": DESKTOP[0], "height": 420})
    figure = picture(page)
    figure.locator(".trace-row").nth(1).click(position={"x": 8, "y": 20})
    card = figure.locator(".trace-card")
    for way in (150, -600, 300):
        page.evaluate("way => scrollBy(0, way)", way)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        assert figure.evaluate(BESIDE) == []
    assert card.evaluate("card => card.scrollHeight > card.clientHeight")
    card.hover()
    page.mouse.wheel(0, 2000)
    page.wait_for_function(
        "card => card.scrollTop + card.clientHeight > card.scrollHeight - 2",
        arg=card.element_handle(),
    )
    assert violations(page) == []


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_attributes_are_accessible(
    browser: Browser, home: str, colours: Colours, size: tuple[int, int]
) -> None:
    """Axe finds nothing in a card, nor in the tables."""
    context = browser.new_context(
        base_url=home,
        color_scheme=colours,
        viewport={"width": size[0], "height": size[1]},
    )
    page = context.new_page()
    figure = picture(page)
    figure.locator("summary").click()
    figure.locator(".trace-row").nth(1).click()
    assert shown(figure) == recorded(1)
    assert figure.locator(".trace-spans table:visible").count() > 1
    assert violations(page) == []
    context.close()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nothing_of_a_picture_is_cut(
    browser: Browser, home: str, addresses: list[str], size: tuple[int, int]
) -> None:
    """Its words stand inside of it, and no two of a row on each other."""
    context = browser.new_context(
        base_url=home, viewport={"width": size[0], "height": size[1]}
    )
    page = context.new_page()
    for address in addresses:
        page.goto(address)
        outside = page.evaluate(
            """() => [...document.querySelectorAll("figure.trace svg")]
                .filter(picture => picture.checkVisibility())
                .flatMap(picture => {
                    const frame = picture.getBoundingClientRect();
                    const words = [...picture.querySelectorAll("text")];
                    const cut = words.filter(word => {
                        const box = word.getBoundingClientRect();
                        return box.left < frame.left - 1 || box.right > frame.right + 1
                            || box.bottom > frame.bottom;
                    });
                    const rows = [...picture.querySelectorAll(".trace-row")];
                    const met = rows.filter(row => {
                        const [name, time] = row.querySelectorAll("text");
                        return name.getBoundingClientRect().right
                            > time.getBoundingClientRect().left;
                    });
                    return [...cut, ...met].map(each => each.textContent);
                })"""
        )
        assert outside == [], address
    context.close()
