"""Each program that has a button runs in the browser, and draws its page's picture."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from guide.places import BROKERS, PICTURES, PROGRAMS, TABS
from guide.programs import OTHERWISE, Program
from tests.browser.runs import Running
from tests.browser.test_brokers import choose
from tests.browser.worker import Worker
from tests.docs.site import parse

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("playable")]


@pytest.mark.parametrize("broker", BROKERS)
def test_every_program(page: Page, site: Path, broker: str) -> None:
    """All of a broker in one worker, and under the circumstances that pages show."""
    listed = json.loads((site / "assets/run/programs.json").read_text())["programs"]
    page.goto("/404.html")
    worker = Worker(page)
    wrong = {}
    ran = 0
    for name, about in listed.items():
        if about["broker"] == broker and about["runs"]:
            program = Program(broker, name.partition("/")[2].removesuffix(".py"))
            if found := differences(worker, program, name):
                wrong[name] = found
            ran += 1
    for program in OTHERWISE:
        if program.broker == broker and (
            found := differences(worker, program, str(program))
        ):
            wrong[str(program)] = found
    assert ran > 35
    assert wrong == {}


def differences(worker: Worker, program: Program, name: str) -> list[str]:
    """What is not as on the program's page."""
    source = program.path.read_text() if program.circumstances.of else None
    done = worker.run(name, source)
    if done.result["type"] != "finished":
        return [str(done.result)]
    wrong = []
    expected = program.picture
    for kind, suffix in (("svg", ".svg"), ("table", ".html"), ("tree", ".txt")):
        path = expected.with_suffix(suffix)
        if path.exists() and done.result[kind] != path.read_text():
            wrong.append(f"another {kind}")
    if not program.circumstances.of:
        lines = done.printed().splitlines()
        shown = re.findall(r"^ *#> (.*)$", program.path.read_text(), re.MULTILINE)
        if not set(shown) <= set(lines):
            wrong.append(f"printed {lines}, not {shown}")
    return wrong


def test_buttons(page: Page) -> None:
    """A reader presses the button in each broker's tab; one worker runs them all."""
    page.set_default_timeout(120_000)  # Python comes with the first
    page.goto("/first-trace/")
    for label, broker in TABS.items():
        choose(page, label)
        program = Running(page, f"{broker}/first_trace.py")
        program.run.click()
        program.says("Finished. It recorded 2 spans.")
        assert program.output.inner_text().startswith("Hello, Ada!\n")
        picture = (PICTURES / broker / "first_trace.svg").read_text()
        assert program.figure.locator("svg text").all_text_contents() == [
            each.get_text() for each in parse(picture).select("text")
        ]
    program.workers(1)


def test_programs_are_those_of_the_guide(site: Path) -> None:
    """Each file of a broker is listed; those that do not run say why."""
    listed = json.loads((site / "assets/run/programs.json").read_text())["programs"]
    files = {
        f"{path.parent.name}/{path.name}"
        for broker in BROKERS
        for path in (PROGRAMS / broker).glob("*.py")
    }
    assert set(listed) == files
    reasons = {
        name.partition("/")[2]: about["why"]
        for name, about in listed.items()
        if not about["runs"]
    }
    assert set(reasons) == {
        "exporting.py",
        "exporting_http.py",
        "exporting_prometheus.py",
        "exporting_zipkin.py",
    }
    assert all(reason.endswith(".") for reason in reasons.values())
