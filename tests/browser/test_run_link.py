"""An address carries an edited program; what a stranger's brings harms nobody."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.browser.runs import ADDRESS, PROGRAM, Running, answer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("playable")]

# HTML, all quotes, what URLs have, and letters of more than one byte.
MINE = (
    "print('<img src=x onerror=\"stolen = 1\">')  # \u00fc \U0001f600 %0a &amp; +/=\n"
)


def link(text: str | bytes, program: str = PROGRAM) -> str:
    """An address that carries a text."""
    data = text.encode() if isinstance(text, str) else text
    packer = zlib.compressobj(9, wbits=-15)
    packed = packer.compress(data) + packer.flush()
    encoded = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return f"{ADDRESS}#run={program},{encoded}"


@pytest.fixture
def asked(context: BrowserContext) -> list[str]:
    """The workers that pages ask for."""
    found: list[str] = []
    answer(context)
    context.on(
        "request",
        lambda request: found.append(request.url) if "/run/" in request.url else None,
    )
    return found


def test_there_and_back(browser: Browser, home: str) -> None:
    """What is copied shows the same text to somebody else, who may run it."""
    context = browser.new_context(base_url=home)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    answer(context)
    page = context.new_page()
    page.goto(ADDRESS)
    program = Running(page)
    program.runs(MINE)
    program.copy.click()
    program.page.get_by_role("button", name="Copied").wait_for()
    address = page.evaluate("navigator.clipboard.readText()")
    assert address.startswith(f"{home}{ADDRESS}#run={PROGRAM},")
    context.close()

    context = browser.new_context(base_url=home)
    answer(context)
    page = context.new_page()
    workers: list[str] = []
    context.on("request", lambda request: workers.append(request.url))
    page.goto(address, wait_until="networkidle")
    program = Running(page)
    program.says("This program came from the link. Read it before you run it.")
    assert program.text.input_value() == MINE
    header = page.locator(".md-header").bounding_box()
    text = program.text.bounding_box()
    assert header
    assert text
    assert header["height"] <= text["y"] < 2 * header["height"] + 100
    assert [each for each in workers if "/assets/run/" in each] == []
    program.workers(0)
    assert page.evaluate("typeof stolen") == "undefined"
    program.press()
    program.says("Finished.")
    program.reset.click()
    assert not program.text.is_visible()
    context.close()


def test_one_that_follows(page: Page, asked: list[str]) -> None:
    """An address that is pasted on the same page brings its program, too."""
    page.goto(ADDRESS)
    program = Running(page)
    program.press()
    program.says("Finished.")
    page.evaluate("address => { location.hash = address.split('#')[1]; }", link("a\n"))
    program.says("This program came from the link.")
    assert program.text.input_value() == "a\n"
    assert not program.figure.is_visible()


def test_its_tab_is_opened(page: Page, asked: list[str]) -> None:
    """Whatever broker the reader has chosen."""
    page.goto("/?broker=redis")
    address = link("b\n", "kafka/first_trace.py").replace("?broker=nats", "")
    page.goto(address)
    program = Running(page, "kafka/first_trace.py")
    program.says("This program came from the link.")
    assert program.text.input_value() == "b\n"


# As if it were pasted, or a link to it clicked.
FOLLOW = """(hash) => {
    history.replaceState(null, "", location.pathname);
    document.querySelector(".run-note")?.remove();
    location.hash = hash;
}"""
BOMB = b"#" * 30_000_000
HOSTILE = {
    "no data": (f"{ADDRESS}#run={PROGRAM}", "cut off or damaged"),
    "nothing": (link(""), "cut off or damaged"),
    "cut off": (link(MINE * 9)[:-9], "cut off or damaged"),
    "no base64": (f"{ADDRESS}#run={PROGRAM},%00%ff!", "cut off or damaged"),
    "no deflate": (f"{ADDRESS}#run={PROGRAM},AAAAAAAA", "cut off or damaged"),
    "more behind": (f"{link(MINE)}AAAA", "cut off or damaged"),
    "no UTF-8": (link(b"\xff\xfe"), "cut off or damaged"),
    "too long": (link("#" * 50_001), "longer than 50 kB"),
    "a bomb": (link(BOMB), "longer than 50 kB"),
    "a long link": (f"{ADDRESS}#run={PROGRAM},{'A' * 40_000}", "longer than 50 kB"),
    "unseen": (link("a = 1\x1b[2J\n"), "characters that cannot be seen"),
    "another order": (link("a = 1 # \u202e\n"), "characters that cannot be seen"),
    "another page's": (link(MINE, "nats/chain.py"), "this page does not have it"),
    "a selector": (link(MINE, '"],*,[x="'), "this page does not have it"),
    "no program": (f"{ADDRESS}#run=", "this page does not have it"),
}


def test_nonsense(page: Page, asked: list[str]) -> None:
    """A line says what is wrong; no program is shown, and nothing is started."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(HOSTILE["a selector"][0])
    for name, (address, words) in HOSTILE.items():
        page.evaluate(FOLLOW, address.partition("#")[2])
        note = page.get_by_role("alert")
        note.wait_for()
        said = note.inner_text()
        assert said.startswith("The link contains a program that cannot be shown"), name
        assert words in said, name
        assert page.get_by_role("textbox", name="Program").count() == 0, name
    assert [each for each in asked if "worker" in each] == []
    assert errors == []
