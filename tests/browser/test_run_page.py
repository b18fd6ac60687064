"""A page with programs that run: what it costs, on paper, for all, and under attack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.runs import (
    ADDRESS,
    HELD,
    PROGRAM,
    STARTED,
    USUAL,
    Running,
    answer,
    error,
    failed,
    finished,
    said,
)
from tests.browser.test_comfort import SMALL
from tests.browser.test_pages import violations

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("playable")]

OPEN = "nats/playground.py"
TRACEBACK = 'Traceback (most recent call last):\n  File "x.py"\nValueError: no\n'
# What a worker could send whose Python a stranger's program has changed.
HOSTILE_PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" onload="stolen = 1"
    xmlns:x="http://www.w3.org/1999/xhtml" class="trace-picture md-dialog" id="x">
<script>stolen = 1</script><x:script>stolen = 1</x:script>
<x:img src="/stolen" onerror="stolen = 1"/><image href="/stolen"/>
<a href="javascript:stolen = 1"><text>press</text></a><foreignObject/>
<style>* { display: none }</style>
<g class="trace-row" style="position: fixed" onclick="stolen = 1"
    onmouseover="stolen = 1"><text>kept</text><rect class="trace-hit"/></g></svg>"""
HOSTILE_TABLE = """<table class="trace-span" onclick="stolen = 1">
<caption>kept</caption>
<tr><td><img src="/stolen" onerror="stolen = 1"><a href="/stolen">press</a>
<iframe srcdoc="<script>parent.stolen = 1</script>"></iframe>kept</td></tr></table>"""
# Where a program and what comes of it are.
PLACE = ".tabbed-block:has(.run-panel)"
KEPT = """(figure) => [...figure.querySelectorAll("svg, svg *, table, table *")]
    .flatMap((each) => [each.localName, ...each.getAttributeNames()])
"""


@pytest.mark.parametrize("fonts", ["own", "late"])
def test_nothing_is_there_before(page: Page, site: Path, fonts: str) -> None:
    """Before it is pressed, a button has loaded nothing, and moves nothing.

    Not with a system's font either, which a page keeps if its own come late.
    """
    if fonts == "late":
        page.route("**/*.woff2", lambda route: route.abort())
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(ADDRESS, wait_until="networkidle")
    Running(page).run.wait_for()
    assert [each for each in asked if "/run/" in each or "run.css" in each] == []
    assert (site / "assets" / "js" / "run.js").stat().st_size < 2_500
    room = page.locator(".run-buttons:visible")
    size = room.bounding_box()
    room.evaluate("place => place.replaceChildren()")
    assert room.bounding_box() == size


def test_pages_without_programs_are_without(page: Page, site: Path) -> None:
    """They load no script for it."""
    assert "run.js" in (site / "chain" / "index.html").read_text()
    assert "run.js" not in (site / "contributing" / "index.html").read_text()


def test_scripts_make_the_buttons(browser: Browser, home: str, site: Path) -> None:
    """There is none without them, nor where no worker could be had."""
    context = browser.new_context(base_url=home, java_script_enabled=False)
    page = context.new_page()
    page.goto(ADDRESS)
    assert page.get_by_role("button", name="Run").count() == 0
    context.close()
    page = browser.new_page()
    page.goto((site / "first-trace" / "index.html").as_uri())
    page.wait_for_function("window.document$")
    assert page.locator(".run-buttons").count() == 6
    assert page.get_by_role("button", name="Run").count() == 0
    page.close()


def test_what_does_not_run_says_why(page: Page) -> None:
    """In a line, in the place of the button."""
    page.goto("/exporting/?broker=nats")
    why = page.locator(".run:has-text('exporting:app') > .run-not:visible")
    assert why.inner_text().startswith("Not in the browser: ")
    name = "Run nats/exporting.py"
    assert page.get_by_role("button", name=name, exact=True).count() == 0


def test_a_stranger_draws(page: Page) -> None:
    """Of what a worker sends nothing gets into the page but what a picture needs."""
    picture = finished(svg=HOSTILE_PICTURE, table=HOSTILE_TABLE, tree="<b>tree</b>")
    errors = [error("<img src=/stolen>", 10**9)]
    hostile = [STARTED, said("<img src=/stolen>"), {**picture, "errors": errors}]
    answer(page, {"": hostile})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(ADDRESS)
    program = Running(page)
    program.press()
    program.says("A handler failed. Line 1000000000: <img src=/stolen>.")
    for place in program.result.locator("svg, table, summary").all():
        if place.is_visible():
            place.click()
    assert str(program.figure.locator("svg").text_content()).split() == ["kept"]
    kept = set(program.figure.evaluate(KEPT))
    assert kept <= {
        *("svg", "g", "text", "rect", "table", "caption", "tbody", "tr", "td"),
        # Those of rows are for the keyboard, and the page's own.
        *("id", "class", "style", "role", "tabindex"),
        *("aria-label", "aria-expanded", "aria-describedby"),
    }
    assert program.figure.locator("svg").get_attribute("class") == "trace-picture"
    assert not program.figure.locator("g").get_attribute("style")
    assert page.evaluate("typeof stolen") == "undefined"
    assert [each for each in asked if "stolen" in each] == []


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_an_open_panel_is_accessible(
    browser: Browser, home: str, colours: Any, size: tuple[int, int]
) -> None:
    """Axe finds nothing while it loads, once it has run or failed, and while edited."""
    context = browser.new_context(
        base_url=home,
        color_scheme=colours,
        has_touch=size == PHONE,
        is_mobile=size == PHONE,
        viewport={"width": size[0], "height": size[1]},
    )
    long = failed(TRACEBACK * 30, 3)
    answer(context, {"": [HELD], "# ran": USUAL, "# failed": [STARTED, long]})
    page = context.new_page()
    page.goto(ADDRESS)
    program = Running(page)
    program.press()
    program.says("Loading")
    if size == PHONE:
        # What scrolls has been seen.
        page.locator("pre:visible > code[tabindex]").first.wait_for()
    assert violations(page, PLACE) == []
    program.stop.click()
    program.edit.click()
    for mark, words in [("# ran", "Finished."), ("# failed", "It failed. Line 3")]:
        program.text.fill(f"\n\n{mark}")
        program.press()
        program.says(words)
        for summary in program.figure.locator("summary").all():
            summary.click()
        assert violations(page, PLACE) == []
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]
        if size == PHONE:
            assert page.evaluate(SMALL) == []
    context.close()


def test_paper_shows_the_page(page: Page) -> None:
    """Of a run nothing is printed, and what it replaced is."""
    answer(page)
    page.goto(ADDRESS)
    program = Running(page)
    program.runs("print()")
    program.says("Finished.")
    program.page.emulate_media(media="print")
    for each in (program.result, program.text, program.run):
        assert not each.is_visible()
    place = program.page.locator(".tabbed-block:visible").first
    assert place.locator("pre > code").is_visible()
    assert place.locator("figure.trace").locator("visible=true").count() == 1


def test_a_strict_host(page: Page) -> None:
    """Where a host forbids styles and scripts in markup, a run breaks no rule of these.

    Its policy is then that of the worker too: one that starts from text is refused.
    """
    policy = (
        "default-src 'self'; img-src 'self' data:; style-src 'self'; "
        "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'"
    )

    def strictly(route: Route) -> None:
        answered = route.fetch()
        headers = {**answered.headers, "content-security-policy": policy}
        route.fulfill(response=answered, headers=headers)

    page.route("**/first-trace/**", strictly)
    answer(page, {"# failed": [STARTED, failed(TRACEBACK, 1)]})
    # The page's own pictures break it: they have their height as a style.
    page.add_init_script(
        """broken = [];
        addEventListener("securitypolicyviolation", (broke) => {
            broken.push(broke.effectiveDirective);
        });"""
    )
    page.goto(ADDRESS)
    program = Running(page)
    program.run.wait_for()
    before = page.evaluate("broken")
    assert before
    program.press()
    program.says("Finished.")
    box = program.figure.locator("svg").bounding_box()
    assert box
    assert box["height"] == 126
    program.edit.click()
    program.text.fill("# failed")
    program.press()
    program.says("It failed.")
    assert program.marked() == "# failed"
    assert page.evaluate("broken") == [*before, "worker-src"]
    policy = policy.replace("'wasm-unsafe-eval'", "")
    page.goto("about:blank")
    page.goto(ADDRESS)
    program.press()
    program.says("Python cannot be started: this site or this browser does not allow")


def test_a_click_is_not_lost(page: Page) -> None:
    """It counts while what it takes is on its way; a second one then stops nothing."""
    answer(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/run/panel.js", hold)
    for address, name in [(ADDRESS, PROGRAM), ("/playground/?broker=nats", OPEN)]:
        page.goto(address)
        program = Running(page, name)
        program.run.dblclick()
        for _ in range(100):
            if held:
                break
            page.wait_for_timeout(20)
        held.pop().continue_()
        program.says("Finished.")
