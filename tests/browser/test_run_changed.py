"""What readers do to a program, with Python and a broker in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from guide.places import PROGRAMS
from tests.browser.runs import ADDRESS, PROGRAM, Running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("playable")]

FILE = (PROGRAMS / PROGRAM).read_text()
HANDLER = "    span.set_attribute"
# Python starts within seconds, on a machine that does nothing else.
LONG = 120_000


@pytest.fixture(scope="module")
def program(browser: Browser, home: str) -> Iterator[Running]:
    """A program that is edited, and has run once."""
    page = browser.new_page(base_url=home)
    page.set_default_timeout(LONG)
    page.goto(ADDRESS)
    found = Running(page)
    found.press()
    found.says("Finished. It recorded 2 spans.")
    found.edit.click()
    yield found
    page.close()


def handling(line: str) -> str:
    """The program whose handler begins with a line of its own."""
    assert FILE.count(HANDLER) == 1
    return FILE.replace(HANDLER, f"    {line}\n{HANDLER}")


def test_it_prints(program: Running) -> None:
    """What the file does, and its page shows."""
    program.runs(FILE)
    program.says("Finished. It recorded 2 spans.")
    assert program.output.inner_text().startswith("Hello, Ada!\n")


def test_a_subject_is_renamed(program: Running) -> None:
    """The trace has the new name."""
    program.runs(FILE.replace('"greetings"', '"salutations"'))
    program.says("Finished. It recorded 2 spans.")
    names = program.figure.locator("svg .trace-name").all_text_contents()
    assert names == ["publish salutations", "process salutations"]


def test_a_handler_raises(program: Running) -> None:
    """Its line is marked, Python's traceback printed, and its span has the error."""
    program.runs(handling('raise ValueError("too early")'))
    program.says("A handler failed. Line 24: ValueError: too early.")
    assert program.marked() == '    raise ValueError("too early")'
    assert "ValueError" in str(program.figure.locator("svg").text_content())
    printed = program.output.inner_text()
    assert 'File "first_trace.py", line 24, in greet' in printed


def test_python_does_not_read_it(program: Running) -> None:
    """A syntax error is where Python sees it."""
    program.runs(FILE.replace("async def greet(", "async def greet(("))
    program.says("It failed. Line 23: SyntaxError: ")
    assert program.marked().startswith("async def greet((")
    assert "SyntaxError" in program.output.inner_text()
    assert program.page.locator("figure.trace:visible").count() == 0


def test_it_waits_for_ever(program: Running) -> None:
    """What never happens is told, and needs no Stop."""
    program.runs(handling("await __import__('asyncio').Event().wait()"))
    program.says("It failed. The program waits for something that does not happen")


def test_it_blocks(program: Running) -> None:
    """A call that blocks an event loop takes no time here."""
    program.runs(handling("__import__('time').sleep(3600)"))
    program.says("Finished. It recorded 2 spans.")


def test_it_never_ends(program: Running) -> None:
    """An endless loop is told after seconds; stopped, the next run is as the first."""
    program.runs(handling("while True: pass"))
    program.says("It has been running for 5 seconds.")
    program.stop.click()
    program.says("Stopped.")
    program.workers(0)
    program.runs(FILE)
    program.says("Finished. It recorded 2 spans.")


def test_it_publishes_for_ever(program: Running) -> None:
    """A handler that publishes to itself is told, and can be stopped.

    The last: the run after a Stop takes as long as the first.
    """
    program.runs(handling('await broker.publish(name, "greetings")'))
    told = program.status.filter(has_text="running for 5 seconds").or_(
        program.status.filter(has_text="It failed.")
    )
    told.wait_for()
    if program.stop.is_visible():
        program.stop.click()
        program.says("Stopped.")
