"""The button under a program: what it is called, shows and says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from guide.places import PICTURES
from tests.browser.runs import (
    ADDRESS,
    HELD,
    PROGRAM,
    STARTED,
    Running,
    answer,
    error,
    failed,
    finished,
    said,
)
from tests.docs.site import parse

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("playable")]

TRACEBACK = 'Traceback (most recent call last):\n  File "x.py"\nValueError: no\n'


@pytest.fixture
def program(page: Page) -> Running:
    """A program on its page, and a worker that needs no Python."""
    answer(page)
    page.goto(ADDRESS)
    return Running(page)


def test_a_run(program: Running) -> None:
    """It prints, draws the trace in place of the recorded one, and says so."""
    recorded = program.page.locator("figure.trace:visible")
    assert recorded.count() == 1
    before = recorded.element_handle()
    program.press()
    program.says("Finished. It recorded 2 spans.")
    assert program.output.inner_text() == "Hello, Ada!\n"
    assert not before.is_visible()
    assert program.page.locator("figure.trace:visible").count() == 1
    texts = parse((PICTURES / PROGRAM).with_suffix(".svg").read_text()).select("text")
    assert program.figure.locator("svg text").all_text_contents() == [
        each.get_text() for each in texts
    ]
    assert program.run.evaluate("button => button === document.activeElement")
    program.reset.click()
    assert before.is_visible()
    assert program.figure.count() == 0
    assert program.edit.evaluate("button => button === document.activeElement")


def test_spans_show_their_attributes(program: Running) -> None:
    """The cards of recorded pictures are those of the drawn one, run after run."""
    for _ in range(2):
        program.press()
        program.says("Finished.")
        row = program.figure.locator(".trace-row").nth(1)
        row.press("Enter")
        card = program.figure.locator(".trace-card")
        assert "app.greeting.name" in card.inner_text()
        program.page.keyboard.press("Escape")
        assert not card.is_visible()


def test_what_is_announced(program: Running) -> None:
    """Each state once; neither amounts nor lines."""
    program.press()
    program.says("Finished.")
    program.status.evaluate(
        """status => {
            said = [];
            new MutationObserver(() => said.push(status.textContent))
                .observe(status, { childList: true });
        }"""
    )
    program.press()
    program.page.wait_for_function("said.at(-1)?.startsWith('Finished')")
    assert program.page.evaluate("said") == [
        "Starting",
        "Loading Python",
        "Running",
        "Finished. It recorded 2 spans.",
    ]
    live = program.result.locator(
        "[role=status], [role=alert], [role=log], [aria-live]"
    )
    assert live.count() == 1


def test_it_loads_and_is_stopped(page: Page) -> None:
    """It says what it waits for and how much is there; Stop ends it."""
    answer(page, {"": [HELD]})
    page.goto(ADDRESS)
    program = Running(page)
    program.press()
    program.says("Loading Python")
    assert program.result.inner_text().strip() == "Loading Python 1.2 of 6.0 MB"
    bar = program.result.get_by_role("progressbar", name="Loaded")
    assert bar.evaluate("bar => bar.value / bar.max") == pytest.approx(0.2)
    program.workers(1)
    program.stop.click()
    program.says("Stopped.")
    program.workers(0)
    assert not bar.is_visible()
    assert program.run.evaluate("button => button === document.activeElement")


def test_what_may_never_end(page: Page) -> None:
    """After five seconds, it says that it may not end, and how to end it."""
    page.clock.install(time=0)
    answer(page, {"": [STARTED]})
    page.goto(ADDRESS)
    page.clock.pause_at(600)
    program = Running(page)
    program.press()
    program.says("Running")
    page.clock.run_for(4_900)
    assert program.status.inner_text() == "Running"
    page.clock.run_for(200)
    program.says("It has been running for 5 seconds.")
    program.stop.click()
    program.says("Stopped.")
    page.clock.run_for(10_000)
    assert program.status.inner_text() == "Stopped."


def test_one_program_at_a_time(page: Page) -> None:
    """Another one ends it, and says so; the worker serves both."""
    answer(page, {"": [STARTED]})
    page.goto("/middleware/?broker=nats")
    programs = page.locator("[data-run]:visible").evaluate_all(
        "places => places.map(place => place.dataset.run)"
    )
    first, second = (Running(page, name) for name in programs[:2])
    first.press()
    first.says("Running")
    second.press()
    second.says("Running")
    first.says("Stopped: another program was started.")
    assert first.run.is_visible()
    second.workers(1)


def test_it_prints_without_end(page: Page) -> None:
    """A page has room for so much; then it is ended."""
    answer(page, {"": [STARTED, *[said("x" * 999 + "\n")] * 400]})
    page.goto(ADDRESS)
    program = Running(page)
    program.press()
    program.says("Stopped: it printed more than fits on a page.")
    assert len(program.output.inner_text()) == 250_000
    program.workers(0)


def test_handlers_fail(page: Page) -> None:
    """What a handler raised is told, beside the trace that has it."""
    errors = [error(TRACEBACK, 22)]
    answer(page, {"": [STARTED, finished(errors=errors)]})
    page.goto(ADDRESS)
    program = Running(page)
    program.press()
    program.says("A handler failed. Line 22: ValueError: no. It recorded 2 spans.")
    assert program.figure.is_visible()
    assert program.output.inner_text() == TRACEBACK
    line = (
        program.page.locator("pre:visible > code").first.inner_text().splitlines()[21]
    )
    assert program.marked() == line


def test_it_records_nothing(page: Page) -> None:
    """Then no picture is shown, not the recorded one either."""
    nothing = finished(svg="", table="", tree="", otlp="")
    answer(page, {"": [STARTED, nothing]})
    page.goto(ADDRESS)
    program = Running(page)
    program.press()
    program.says("Finished. It recorded no span.")
    assert page.locator("figure.trace:visible").count() == 0


def test_a_worker_that_is_spent(page: Page) -> None:
    """It is ended, and the next run begins with another one."""
    answer(page, {"": [STARTED, {**failed(TRACEBACK, 1), "spent": True}]})
    page.goto(ADDRESS)
    program = Running(page)
    for _ in range(2):
        program.press()
        program.says("It failed. Line 1: ValueError: no.")
        program.workers(0)


def test_a_result_that_is_none(page: Page) -> None:
    """It is said, and the button is there for the next run."""
    answer(page, {"": [STARTED, finished(errors=[None])]})
    page.goto(ADDRESS)
    program = Running(page)
    for _ in range(2):
        program.press()
        program.says("Its result cannot be shown. Reload the page.")


@pytest.mark.parametrize("reason", ["a file", "no worker"])
def test_python_cannot_be_had(page: Page, reason: str) -> None:
    """It says so, and the next run tries again."""
    if reason == "a file":
        answer(page, {"": [{"type": "broken", "reason": "base.pack: 404"}]})
    else:
        page.route("**/assets/run/worker.js", lambda route: route.abort())
    page.goto(ADDRESS)
    program = Running(page)
    program.press()
    program.says("Python cannot be started")
    page.unroute_all()
    answer(page)
    program.press()
    program.says("Finished.")
