"""A page whose programs run in the browser, and a worker that says what is wanted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from guide.places import PICTURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from playwright.sync_api import BrowserContext, Locator, Page, Worker

    Message = Mapping[str, Any]

PROGRAM: Final = "nats/first_trace.py"
ADDRESS: Final = "/first-trace/?broker=nats"
# Answers by what is in the text that is run; the last that is in it counts.
WORKER: Final = """
const answers = %s;
onmessage = ({ data: { id, source, program, broker } }) => {
    const [, messages] = answers.findLast(([mark]) => (source ?? "").includes(mark));
    for (const message of messages) postMessage({ ...message, id });
};
"""
# The line of the program at a height of the window, by the text's own measures.
LINE: Final = """(height) => {
    const within = document.querySelector(".run-mark").parentNode;
    const area = within.querySelector("textarea, code");
    const style = getComputedStyle(area);
    const { top } = area.getBoundingClientRect();
    const first = top + parseFloat(style.paddingTop) + parseFloat(style.borderTopWidth);
    const number = Math.floor((height - first) / parseFloat(style.lineHeight));
    return (area.value ?? area.textContent).split("\\n")[number];
}"""
BEGUN: Final = """(status) => {
    begun = new Promise((done) =>
        new MutationObserver(() => done()).observe(status, { childList: true }));
}"""
STARTED: Final = {"type": "started"}
# What it takes to press a button may be on its way.
HELD: Final = {"type": "progress", "what": "Python", "loaded": 1.2e6, "total": 6e6}


def runners(page: Page) -> list[Worker]:
    """The workers that run programs; search has one of its own."""
    return [each for each in page.workers if "/search" not in each.url]


def off_site(requests: Iterable[str], home: str) -> list[str]:
    """What was asked of anybody else."""
    own = (f"{home}/", f"blob:{home}/")
    return [each for each in requests if not each.startswith(own)]


def said(text: str, stream: str = "stdout") -> Message:
    """A program prints this."""
    return {"type": "output", "stream": stream, "text": text}


def finished(**changed: Any) -> Message:
    """The program has recorded what its picture in `docs/traces` shows."""
    file = PICTURES / PROGRAM
    parts = {
        name: file.with_suffix(suffix).read_text()
        for name, suffix in [("svg", ".svg"), ("table", ".html"), ("tree", ".txt")]
    }
    return {"type": "finished", **parts, "otlp": "{}", "errors": [], **changed}


def failed(traceback: str, line: int | None) -> Message:
    """The program does not get to its end."""
    return {"type": "failed", **error(traceback, line)}


def error(traceback: str, line: int | None) -> Message:
    """An error, as the worker tells it."""
    brief = traceback.rstrip().rpartition("\n")[2]
    return {"traceback": traceback, "brief": brief, "line": line}


USUAL: Final = (HELD, STARTED, said("Hello, Ada!\n"), finished())


def answer(
    where: BrowserContext | Page, marked: Mapping[str, Sequence[Message]] | None = None
) -> None:
    """Put a worker in the place of the one with Python.

    Args:
        where: What asks for it.
        marked: What it says to a text that has a mark in it.
    """
    answers = [("", USUAL), *(marked or {}).items()]
    script = WORKER % json.dumps(answers)
    where.route(
        "**/assets/run/worker.js",
        lambda route: route.fulfill(body=script, content_type="text/javascript"),
    )


class Running:
    """A program on a page, by what a reader sees of it."""

    def __init__(self, page: Page, program: str = PROGRAM) -> None:
        self.page = page
        self.program = program
        group = page.get_by_role("group", name=program, exact=True)
        self.run = page.get_by_role("button", name=f"Run {program}", exact=True)
        self.stop = group.get_by_role("button", name="Stop", exact=True)
        self.edit = group.get_by_role("button", name="Edit", exact=True)
        self.reset = group.get_by_role("button", name="Reset", exact=True)
        self.copy = group.get_by_role("button", name="Copy link", exact=True)
        self.text = page.get_by_role("textbox", name=f"Program {program}", exact=True)
        self.result = page.get_by_role("region", name=f"Result of {program}")
        self.status = self.result.get_by_role("status")
        self.output = self.result.locator(".run-output")
        self.figure = self.result.locator("figure.trace")
        self.mark = page.locator(".run-mark")

    def marked(self) -> str:
        """The line of text that is marked as the error's."""
        at = self.mark.bounding_box()
        assert at
        return str(self.page.evaluate(LINE, at["y"] + at["height"] / 2))

    def workers(self, count: int) -> None:
        """Wait until so many workers run programs. One that is ended takes a moment."""
        for _ in range(100):
            own = runners(self.page)
            if len(own) == count:
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"{len(own)} workers, not {count}")

    def says(self, words: str) -> Locator:
        """Wait for what the status says."""
        found = self.status.filter(has_text=words)
        found.wait_for()
        return found

    def press(self) -> None:
        """Run it; what the run before came to is no longer there."""
        if self.status.count():
            self.status.evaluate(BEGUN)
            self.run.click()
            self.page.evaluate("begun")
        else:
            self.run.click()

    def runs(self, text: str | None = None) -> None:
        """Run it, or what the reader makes of it."""
        if text is not None:
            if not self.text.is_visible():
                if not self.edit.is_visible():
                    self.press()
                    self.says("Finished.")
                self.edit.click()
            self.text.fill(text)
        self.press()
