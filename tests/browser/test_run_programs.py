"""Each program that has a button runs in the browser, and draws its page's picture."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest

from guide.places import BROKERS, PROGRAMS
from guide.programs import OTHERWISE, TESTS, Program
from guide.signals import LOGS, output, with_counted_ids
from guide.symptoms import SYMPTOMS, directory, with_an_example
from guide.symptoms import output as output_of
from tests.browser.pressed import Pages, Shown, buttons
from tests.browser.runs import off_site, runners
from tests.browser.worker import Worker

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("playable")]

# What these print besides their own lines: a trace, FastStream's log, what is called.
WITH_MORE: Final = {
    *("first_trace", "sampler", "exporting_console", "exporting_memory", "metrics"),
    *("before", "both", "http_in", "http_out", "migrated", "mixed"),
}
# What those print that are the same for all brokers, by their files.
PRINTED: Final = {
    f"{directory(name).name}/{command.split()[1]}": output_of(name)
    for name, command in SYMPTOMS.items()
    if command.startswith("python ")
}


@pytest.fixture(scope="module")
def listed(site: Path) -> dict[str, Any]:
    """What pages know of programs."""
    text = (site / "assets/run/programs.json").read_text()
    found: dict[str, Any] = json.loads(text)["programs"]
    return found


@pytest.mark.parametrize("broker", BROKERS)
def test_every_button(
    page: Page, site: Path, home: str, listed: dict[str, Any], broker: str
) -> None:
    """A reader presses all of a broker, page after page; one worker runs them all.

    And it runs those whose pages show what comes of them under other circumstances.
    """
    reader = Pages(page)
    page.set_default_timeout(120_000)  # Python comes with the first
    wrong = {}
    pressed = set()
    for address, found in buttons(site).items():
        of_broker = [name for name, its in found.items() if its == broker]
        if of_broker:
            reader.go(address)
        for name in of_broker:
            wrong[name] = differences(name, reader.press(name))
            pressed.add(name)
    worker = Worker(page)
    for program in OTHERWISE:
        if program.broker == broker:
            done = worker.run(str(program), program.path.read_text())
            wrong[str(program)] = unlike(program, done.result)
    assert {name: what for name, what in wrong.items() if what} == {}
    assert pressed == {
        name
        for name, about in listed.items()
        if about["broker"] == broker and about["runs"]
    }
    assert len(pressed) > 35
    assert len(runners(page)) == 1
    assert off_site(reader.requests, home) == []


def differences(name: str, shown: Shown) -> list[str]:
    """What is not as on the program's page."""
    if shown.type != "finished":
        return [str(shown.data)]
    broker, _, file = name.rpartition("/")
    if broker not in BROKERS:
        lines = [line.rstrip() for line in shown.printed.strip().splitlines()]
        printed = with_an_example("\n".join([*lines, ""]))
        return [] if printed == PRINTED[name].read_text() else [f"printed {printed}"]
    program = Program(broker, file.removesuffix(".py"))
    wrong = [*unlike(program, shown.data), *misprints(program, shown)]
    if not shown.isDrawn or shown.pictures != bool(shown.svg):
        wrong.append("what is drawn is not what came")
    fails = program.circumstances.fails
    words = f"A handler failed. Line {{}}: {fails.__name__}" if fails else "Finished."
    line = shown.errors[0]["line"] if shown.errors else None
    if not shown.status.startswith(words.format(line)):
        wrong.append(f"said {shown.status}")
    return wrong


def unlike(program: Program, result: dict[str, Any] | Any) -> list[str]:
    """The parts of a trace that are not those that are committed."""
    if result["type"] != "finished":
        return [str(result)]
    return [
        f"another {kind}"
        for kind, suffix in (("svg", ".svg"), ("table", ".html"), ("tree", ".txt"))
        if (path := program.picture.with_suffix(suffix)).exists()
        and result[kind] != path.read_text()
    ]


def misprints(program: Program, shown: Shown) -> list[str]:
    """What is printed that the page does not say, or the other way round."""
    if program in TESTS:
        return [] if " passed in " in shown.stdout else [shown.stdout]
    if program in LOGS:
        logged = with_counted_ids(shown.stderr)
        return [] if logged == output(program).read_text() else [f"logged {logged}"]
    if program.step == "first_trace":
        # Its trace, below the id; bars begin where its page's do, or a little later.
        _, trace = program.output.read_text().split("\n", 1)
        if without_bars(trace) not in without_bars(shown.stdout):
            return [f"printed {shown.stdout}"]
    printed, expected = Counter(shown.stdout.splitlines()), Counter(program.shown())
    if program.step in WITH_MORE:
        printed &= expected
    return [] if printed == expected else [f"printed {shown.stdout}"]


def without_bars(tree: str) -> str:
    """The names, kinds and durations of a printed trace."""
    return re.sub(r"[ \u2501\u2578\u257a]+", " ", tree)


def test_a_button_or_a_reason(site: Path) -> None:
    """Each program of each page has either of them."""
    neither, count = [], 0
    for path in site.rglob("*.html"):
        for block in path.read_text().split('<span class="filename">')[1:]:
            file = re.sub(r"<.*?>", "", block.partition("</span>")[0])
            if not file.endswith(".py"):
                continue
            below = block.partition("</pre>")[2].partition("</div>")[0]
            button = f'<span class="run-buttons" data-run="{file}"' in below
            why = '<span class="run-not">Not in the browser: ' in below
            if not below.startswith('<div class="run"') or button == why:
                neither.append((str(path), file))
            count += 1
    assert neither == []
    assert count > 250


def test_programs_are_those_of_the_guide(listed: dict[str, Any]) -> None:
    """Each file is listed; those that do not run say why."""
    files = {path.relative_to(PROGRAMS).as_posix() for path in PROGRAMS.rglob("*.py")}
    assert set(listed) == files
    reasons = {name: each["why"] for name, each in listed.items() if not each["runs"]}
    assert all(reason.endswith(".") for reason in reasons.values())
    in_all = {name for name in reasons if name.partition("/")[0] in BROKERS}
    assert {name.partition("/")[2] for name in in_all} == {
        "exporting.py",
        "exporting_http.py",
        "exporting_prometheus.py",
        "exporting_zipkin.py",
    }
    assert len(in_all) == 4 * len(BROKERS)
