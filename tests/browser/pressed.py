"""Presses the Run buttons of the built site, page after page, and sees what comes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from playwright.sync_api import Page

# What a page gets from its worker, as it gets it: `told` settles with each run's end.
LISTEN: Final = """
self.Worker = class extends Worker {
    constructor(...all) {
        super(...all);
        this.addEventListener("message", ({ data }) => {
            if (["finished", "failed", "broken"].includes(data.type)) ended(data);
        });
    }
};
"""
# The next page comes into the one before, as Material can do it: the worker stays.
GO: Final = """async (address) => {
    const text = await (await fetch(address)).text();
    const next = new DOMParser().parseFromString(text, "text/html");
    history.pushState(null, "", address);
    const content = document.querySelector(".md-content");
    content.replaceWith(document.adoptNode(next.querySelector(".md-content")));
    document$.next(document);
}"""
# A button's tab is opened first.
OPEN: Final = """(place) => {
    self.told = new Promise((done) => (self.ended = done));
    let block = place;
    while ((block = block.parentNode.closest(".tabbed-block"))) {
        const number = [...block.parentNode.children].indexOf(block);
        const set = block.closest(".tabbed-set");
        set.querySelectorAll(":scope > input")[number].checked = true;
    }
}"""
# What is drawn is what came: the same elements in the same places, with the same text.
SHOWN: Final = """async (program) => {
    const late = new Promise((_, fail) => setTimeout(fail, 120_000, "no end"));
    const data = await Promise.race([told, late]);
    // The page listens too.
    await new Promise((done) => setTimeout(done));
    const region = document.querySelector(`[aria-label="Result of ${program}"]`);
    const lines = (stream) =>
        [...region.querySelectorAll(`.run-output > [data-stream=${stream}]`)]
            .map((each) => each.textContent).join("");
    const places = "x y x1 x2 y1 y2 cx cy r rx d width height transform".split(" ");
    const row = (each) => [
        each.localName,
        each.children.length ? "" : each.textContent,
        ...places.map((name) => each.getAttribute(name)),
    ].join();
    const parts = (tree) => [...tree.querySelectorAll("*")].map(row);
    const came = new DOMParser();
    const same = (figure) => {
        const { documentElement } = came.parseFromString(data.svg, "image/svg+xml");
        const { body } = came.parseFromString(data.table, "text/html");
        const wanted = [...parts(documentElement), ...parts(body)];
        const drawn = [...figure.children].filter((each) =>
            !each.matches(".run-takeaway, .trace-card"));
        const got = drawn.flatMap((each) =>
            each.localName === "svg" ? parts(each) : [row(each), ...parts(each)]);
        return got.join("\\n") === wanted.join("\\n");
    };
    const figure = region.querySelector("figure.trace");
    return {
        ...data,
        status: region.querySelector("[role=status]").textContent,
        stdout: lines("stdout"),
        stderr: lines("stderr"),
        printed: region.querySelector(".run-output").textContent,
        isDrawn: data.svg ? same(figure) : !figure,
        // The recorded picture of the same program has given way to it.
        pictures: [...document.querySelectorAll("figure.trace")].filter((each) =>
            each.checkVisibility() &&
            each.querySelector("title").textContent === `Trace of ${program}`).length,
    };
}"""
PLACE: Final = re.compile(r'data-run="([^"]+)" data-broker="([^"]*)"')


@dataclass(frozen=True)
class Shown:
    """What a page shows once a program has run, and what came from the worker."""

    data: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.data[name]


def buttons(site: Path) -> dict[str, dict[str, str]]:
    """The broker of each program with a button, by the program, by the page."""
    return {
        f"/{path.parent.relative_to(site).as_posix()}/".replace("/./", "/"): found
        for path in sorted(site.rglob("index.html"))
        if (found := dict(PLACE.findall(path.read_text())))
    }


class Pages:
    """One page of a browser, in which a reader goes from page to page.

    Args:
        page: It, with no site yet.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        page.add_init_script(LISTEN)
        page.on("request", lambda request: self.requests.append(request.url))

    def go(self, address: str) -> None:
        """Open the first page, or the next one."""
        if self.page.url == "about:blank":
            self.page.goto(address)
        else:
            self.page.evaluate(GO, address)

    def press(self, program: str) -> Shown:
        """Press a program's button with the keyboard, and wait for what comes."""
        button = self.page.locator(f'[data-run="{program}"] > [aria-label^="Run "]')
        button.locator("..").evaluate(OPEN)
        button.press("Enter")
        return Shown(self.page.evaluate(SHOWN, program))
