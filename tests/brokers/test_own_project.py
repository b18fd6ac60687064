"""Each page of the guide, followed to the letter from an empty directory, on NATS.

What a page installs and runs is all that there is: a program that is shown alone runs
by the command below it, and prints the trace that is drawn there.
"""

from __future__ import annotations

import re
import signal
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from guide.places import DOCS, PICTURES, PROGRAMS
from guide.programs import Program
from tests.brokers.clean import clean
from tests.brokers.test_programs import without_ids, words
from tests.docs.site import Page
from tests.own_project import Reader, guide_for, programs, save, scripts

if TYPE_CHECKING:
    from pathlib import Path

    from guide.process import Process

pytestmark = [pytest.mark.broker("nats"), pytest.mark.index]

PROJECT = 'include-markdown "parts/project.md"'
PAGES = sorted(path.stem for path in DOCS.glob("*.md") if PROJECT in path.read_text())
# What the reader does in a second terminal, once a program has said that it is ready.
BY_HAND = {
    "chain": ("app started successfully", "nats/chain_publish.sh"),
    "http_in": ("Uvicorn running", "shell/http_post.sh"),
}
# A program that another one calls, and is left running.
CALLED = {"http_out": "http_in"}
SPAN = re.compile(
    r"^(?:[│├└─ ]*)(\S.*?)\s+(PRODUCER|CONSUMER|CLIENT|SERVER|INTERNAL)\b"
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """One reader for all pages."""
    return Reader(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide, which installs the wheel."""
    return guide_for(tmp_path_factory.mktemp("guide"))


@pytest.fixture(scope="module")
def environment(reader: Reader, site: Path) -> Path:
    """An environment, made as the pages say, and shared by them: it saves minutes."""
    page = Page(site, site / "first-trace" / "index.html")
    project = reader.begin("environment")
    reader.run(dict(scripts(page))["shell/environment.sh"], project)
    return project / ".venv"


def test_pages() -> None:
    """Those with programs have it."""
    assert len(PAGES) > 10


@pytest.mark.parametrize("name", PAGES)
def test_page(name: str, reader: Reader, site: Path, environment: Path) -> None:
    """Whoever reads it with NATS chosen gets what it shows."""
    file = "index.html" if name == "index" else f"{name}/index.html"
    page = Page(site, site / file).as_read_with("NATS")
    project = reader.begin(name, environment)
    for _, commands in scripts(page):
        for command in commands.replace("\\\n", " ").splitlines():
            if command.startswith("pip install"):
                reader.run(f"source .venv/bin/activate\n{command}", project)
    save(page, project)
    for file, command in programs(page):
        follow(file, command, reader, page, project)


def follow(file: str, command: str, reader: Reader, page: Page, project: Path) -> None:
    """Run a program until it has done what the page shows."""
    broker, _, step = file.removesuffix(".py").partition("/")
    program = Program(broker, step)
    clean(broker, words(program))
    with ExitStack() as stack:

        def start(command: str) -> Process:
            return stack.enter_context(reader.start(command, project))

        running, ended = [], []
        if called := CALLED.get(step):
            other = start(dict(programs(page))[f"{broker}/{called}.py"])
            other.wait_for(BY_HAND[called][0])
            running.append(other)
        app = start(command)
        running.append(app)
        if step in BY_HAND:
            ready, script = BY_HAND[step]
            app.wait_for(ready)
            by_hand = start(dict(scripts(page))[script].replace("\\\n", " "))
            assert by_hand.end(terminate=False) == 0, by_hand.output
            ended.append(by_hand)
        expected = drawn(program)
        # Two services have a half of the trace each.
        left = (expected - recorded(ended)).total() // len(running)
        for process in running:
            process.wait_until(lambda output: spans(output).total() >= left)
        for line in printed_while_running(program):
            app.wait_for(line)
        if not step.startswith("test_"):
            app.send(signal.SIGINT)
        app.end(terminate=False)
        # What else it prints is there once it has ended.
    assert not expected or recorded(running + ended) == expected, app.output
    for line in program.shown():
        assert without_ids(line) in without_ids(app.output), app.output


def printed_while_running(program: Program) -> list[str]:
    """The lines that a program prints before it is stopped, and the same each time."""
    last = program.path.read_text().partition("@app.after_shutdown")[2]
    lines = [line for line in program.shown() if f"#> {line}\n" not in last]
    return [line for line in lines if without_ids(line) == line]


def drawn(program: Program) -> Counter[tuple[str, str]]:
    """The spans of its picture: their names and kinds."""
    tree = PICTURES / program.broker / f"{program.step}.txt"
    assert (PROGRAMS / program.broker / f"{program.step}.py").exists()
    return spans(tree.read_text()) if tree.exists() else Counter()


def spans(text: str) -> Counter[tuple[str, str]]:
    """The spans of trees: their names and kinds."""
    return Counter(
        (found[1].rstrip(), found[2])
        for line in text.splitlines()
        if (found := SPAN.match(line))
    )


def recorded(running: list[Process]) -> Counter[tuple[str, str]]:
    """The spans that processes have printed, all together."""
    return sum((spans(each.output) for each in running), Counter())
