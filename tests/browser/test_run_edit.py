"""A program is edited on its page: by keyboard, and until it is reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from guide.places import PROGRAMS
from tests.browser.runs import (
    ADDRESS,
    HELD,
    PROGRAM,
    STARTED,
    Running,
    answer,
    failed,
    finished,
)

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("playable")]

FILE = (PROGRAMS / PROGRAM).read_text()
# What the worker is told, in place of a worker.
TOLD = """
onmessage = ({ data }) => {
    const brief = JSON.stringify(data);
    postMessage({ id: data.id, type: "failed", line: null, brief, traceback: brief });
};
"""


@pytest.fixture
def program(page: Page) -> Running:
    """A program that is edited."""
    answer(page, {"# failed": [STARTED, failed("NameError: name 'x' is not\n", 2)]})
    page.goto(ADDRESS)
    found = Running(page)
    found.press()
    found.says("Finished.")
    found.edit.click()
    return found


def test_the_text_is_the_file(program: Running) -> None:
    """It is edited in the place of the block, which reset brings back."""
    assert program.text.input_value() == FILE
    assert program.text.evaluate("area => area === document.activeElement")
    block = program.page.locator(".tabbed-block:visible pre > code").first
    assert not block.is_visible()
    program.text.fill("print(1)\n")
    program.reset.click()
    assert block.is_visible()
    assert not program.text.is_visible()
    program.edit.click()
    assert program.text.input_value() == FILE


def test_what_is_run(page: Page) -> None:
    """The file by its name, and a text only once it differs."""
    page.route(
        "**/assets/run/worker.js",
        lambda route: route.fulfill(body=TOLD, content_type="text/javascript"),
    )
    page.goto(ADDRESS)
    program = Running(page)
    program.press()
    usual = '"type":"run","id":1,"program":"nats/first_trace.py","broker":"nats"'
    program.says(f'{usual},"source":null')
    program.edit.click()
    program.text.fill(f"{FILE}# more\n")
    program.press()
    program.says('"id":2')
    assert r'# more\n"' in program.output.inner_text()
    program.text.fill(FILE)
    program.press()
    program.says(usual.replace('"id":1', '"id":3') + ',"source":null')


def test_keys(program: Running) -> None:
    """Tab leaves; Enter keeps the indentation and can be undone; Ctrl+Enter runs."""
    program.text.fill("def f():")
    press = program.text.press
    press("End")
    for key in ("Enter", "a", "Enter", "b", "Enter", "Backspace"):
        press(key)
    assert program.text.input_value() == "def f():\n    a\n    b\n   "
    press("Control+z")
    edited = "def f():\n    a\n    b\n    "
    assert program.text.input_value() == edited
    press("Control+Enter")
    program.says("Finished.")
    assert program.text.input_value() == edited
    press("Tab")
    assert program.run.evaluate("button => button === document.activeElement")
    program.page.keyboard.press("Shift+Tab")
    assert program.text.evaluate("area => area === document.activeElement")


def test_all_by_keyboard(page: Page) -> None:
    """From the button to the edited program's result, and back to the file."""
    answer(page)
    page.goto(ADDRESS)
    program = Running(page)
    program.run.focus()
    page.keyboard.press("Enter")
    program.says("Finished.")
    for key in ("Tab", "Enter"):
        page.keyboard.press(key)
    assert program.text.evaluate("area => area === document.activeElement")
    page.keyboard.type("# mine ")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    program.says("Finished.")
    page.keyboard.press("Tab")
    assert program.reset.evaluate("button => button === document.activeElement")
    page.keyboard.press("Enter")
    assert not program.text.is_visible()
    assert program.status.inner_text() == ""


def test_an_error_is_marked(program: Running) -> None:
    """In the text, until that changes; and said with what Python says of it."""
    program.text.fill("first = 1\nsecond = x\n# failed\n")
    program.press()
    program.says("It failed. Line 2: NameError: name 'x' is not.")
    assert program.marked() == "second = x"
    assert program.text.get_attribute("aria-invalid") == "true"
    assert program.output.inner_text() == "NameError: name 'x' is not\n"
    # No picture would be of this program.
    assert program.page.locator("figure.trace:visible").count() == 0
    program.text.press("ArrowDown")
    program.text.press("a")
    assert program.mark.count() == 0
    assert not program.text.get_attribute("aria-invalid")


def test_each_broker_has_its_own(program: Running) -> None:
    """Another tab shows another program, which nobody has edited."""
    program.text.fill("print(1)\n")
    tabs = program.page.locator(".tabbed-set").first
    tabs.get_by_text("Kafka", exact=True).click()
    assert not program.text.is_visible()
    other = Running(program.page, "kafka/first_trace.py")
    assert other.run.is_visible()
    assert not other.edit.is_visible()
    tabs.get_by_text("NATS", exact=True).click()
    assert program.text.input_value() == "print(1)\n"


def test_the_playground_is_open(browser: Browser, home: str, tmp_path: Path) -> None:
    """Its program is edited from the start, but Python waits for the button."""
    context = browser.new_context(base_url=home)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    answer(context, {"": [HELD, STARTED, finished(otlp='{"resourceSpans": []}')]})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/playground/?broker=nats", wait_until="networkidle")
    program = Running(page, "nats/playground.py")
    program.text.wait_for()
    assert program.text.input_value() == (PROGRAMS / program.program).read_text()
    assert not [each for each in asked if "/assets/run/" in each]
    program.press()
    program.says("Finished.")
    tree = program.figure.locator(".run-takeaway pre")
    assert tree.is_visible()
    take = {
        name: program.figure.get_by_role("button", name=name)
        for name in ("Copy tree", "Copy OTLP JSON")
    }
    pasted = []
    for button in take.values():
        button.click()
        program.figure.get_by_role("button", name="Copied").wait_for()
        pasted.append(page.evaluate("navigator.clipboard.readText()"))
        program.figure.get_by_role("button", name="Copied").wait_for(state="detached")
    assert pasted == [tree.text_content(), '{"resourceSpans": []}']
    with page.expect_download() as saved:
        program.figure.get_by_role("button", name="Download OTLP JSON").click()
    assert saved.value.suggested_filename == "playground.json"
    assert saved.value.path().read_text() == '{"resourceSpans": []}'
    with page.expect_download() as saved:
        program.figure.get_by_role("button", name="Download picture").click()
    assert saved.value.suggested_filename == "playground.svg"
    # It needs no page: a file has its colours and its width.
    saved.value.save_as(tmp_path / "playground.svg")
    page.goto((tmp_path / "playground.svg").as_uri())
    bar = page.locator(".trace-producer > .trace-bar").first
    assert bar.evaluate("bar => getComputedStyle(bar).fill") != "rgb(0, 0, 0)"
    box = bar.bounding_box()
    assert box
    assert box["width"] > 10
    context.close()
