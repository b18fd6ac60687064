"""Runs programs in the worker of the guide's pages, without a page's buttons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from playwright.sync_api import Page

START: Final = """async () => {
    const { play } = await import("/assets/js/run/engine.js");
    self.ask = ({ program, broker, source }) => new Promise((done) => {
        const said = [];
        play(program, broker, source, (data) => {
            said.push(data);
            if (["failed", "finished", "stopped"].includes(data.type)) done(said);
        });
    });
}"""


@dataclass(frozen=True)
class Ran:
    """What the worker said of a run."""

    said: list[dict[str, Any]] = field(repr=False)

    @property
    def result(self) -> dict[str, Any]:
        """How it ended."""
        return self.said[-1]

    @property
    def kinds(self) -> list[str]:
        """The types of what was said, each once, in their order."""
        return list(dict.fromkeys(each["type"] for each in self.said))

    def printed(self, stream: str = "stdout") -> str:
        """What the program printed."""
        return "".join(
            each["text"] for each in self.said if each.get("stream") == stream
        )


class Worker:
    """The worker of one page, which runs one program after another.

    Args:
        page: A page of the site, any one.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        page.evaluate(START)

    def run(self, program: str, source: str | None = None) -> Ran:
        """Run a program of the guide, or the text that is given in its place."""
        broker = program.partition("/")[0]
        asked = {"program": program, "broker": broker, "source": source}
        return Ran(self.page.evaluate("(asked) => self.ask(asked)", asked))
