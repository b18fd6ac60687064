"""A page on paper, under a finger, and as text."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import PHONE

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
# What is pressed on a page: its own, not what Material shows for a moment.
SMALL = """() => [...document.querySelectorAll(
        "main button, main summary, .tabbed-labels a, .run a, .copy a, .md-button, "
        + ".md-header__button"
    )]
    .filter((each) => each.checkVisibility() && !each.matches(".tabbed-button"))
    .filter((each) => {
        const { width, height } = each.getBoundingClientRect();
        return width < 44 || height < 44;
    })
    .map((each) => each.className || each.textContent)
"""


def words(stream: bytes) -> int:
    """How many times a part of a PDF shows text: none if it is no sheet."""
    try:
        return len(re.findall(rb"T[jJ]\b", zlib.decompress(stream)))
    except zlib.error:
        return 0


@pytest.mark.parametrize("address", ["/errors/?broker=rabbit", "/custom-spans/"])
def test_paper_begins_with_the_page(page: Page, address: str) -> None:
    """A long program does not leave the first lines alone on their sheet."""
    page.goto(address)
    page.emulate_media(media="print")
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".highlight code")]
            .filter(code => code.checkVisibility())
            .filter(code => code.scrollWidth > code.clientWidth + 1)
            .map(code => code.textContent)"""
    )
    assert cut == []
    streams = STREAM.findall(page.pdf(format="A4"))
    sheets = [count for stream in streams if (count := words(stream))]
    assert len(sheets) > 1
    assert sheets[0] > max(sheets) / 3


@pytest.mark.parametrize("address", ["/", "/errors/?broker=rabbit", "/full-example/"])
def test_a_finger_hits(browser: Browser, home: str, address: str) -> None:
    """What is pressed is 44 pixels wide and high; nothing is wider than the phone."""
    context = browser.new_context(
        base_url=home,
        has_touch=True,
        is_mobile=True,
        viewport={"width": PHONE[0], "height": PHONE[1]},
    )
    page = context.new_page()
    page.goto(address)
    assert page.evaluate(SMALL) == []
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    context.close()


def test_the_page_is_copied_as_text(browser: Browser, home: str, site: Path) -> None:
    """At the top, in one click; where copying is not allowed, it is opened."""
    context = browser.new_context(
        base_url=home, permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    page.goto("/errors/")
    page.get_by_role("button", name="Copy page as Markdown").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == (site / "errors" / "index.md").read_text()
    page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(Error()); }"
    )
    page.locator(".copy > a").click()
    page.wait_for_url("**/errors/index.md")
    context.close()
