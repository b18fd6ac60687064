"""The built guide, as its readers get it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from guide.places import PROGRAMS, ROOT
from hooks.package import BESIDE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def shown(file: str) -> str:
    """A file of `docs_src` as a page shows it.

    What is not published is installed from this checkout.
    """
    return (PROGRAMS / file).read_text().replace(BESIDE, f"{ROOT}[")


# Where the guide and its repository are when they are published.
HOME = "https://guide.example/"
REPOSITORY = "https://github.com/example/faststream-otel"


def build(to: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Build the guide into a directory; all that is doubtful is an error.

    Never with `--quiet`: it hides warnings, and `--strict` then lets them pass.
    """
    addresses = {"GUIDE_SITE_URL": "", "GUIDE_REPO_URL": ""}
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(to)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", **addresses, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def pages(site: Path) -> list[Page]:
    """Every page of the built guide."""
    return [Page(site, path) for path in sorted(site.rglob("*.html"))]


@dataclass(frozen=True)
class Block:
    """A code block: the file that its title names, and what a reader copies."""

    title: str
    text: str


class Page:
    """One page of the built guide.

    Args:
        site: The directory that the guide was built into.
        path: The page's file in it.
    """

    def __init__(self, site: Path, path: Path) -> None:
        self.site = site
        self.path = path
        self.html = path.read_text()

    def __str__(self) -> str:
        return self.path.relative_to(self.site).as_posix()

    @property
    def address(self) -> str:
        """The page's address on its site."""
        return "/" + str(self).removesuffix("index.html")

    @cached_property
    def soup(self) -> BeautifulSoup:
        """What the page is made of."""
        return parse(self.html)

    @property
    def is_reference(self) -> bool:
        """Whether the page's code comes from docstrings, not from programs."""
        return str(self).startswith("reference/")

    @cached_property
    def article(self) -> Tag:
        """What the page itself says, without the frame that all pages share."""
        return only(self.soup, "article")

    def blocks(self) -> list[Block]:
        """Every code block, from first to last."""
        blocks = []
        for pre in self.article.select("pre"):
            frame = pre.find_parent(class_="highlight")
            title = frame.select_one(".filename") if frame else None
            blocks.append(Block(title.get_text() if title else "", pre.get_text()))
        return blocks

    def tab_sets(self) -> Iterator[dict[str, Tag]]:
        """Each tab set: its contents by their labels."""
        for tab_set in self.article.select(".tabbed-set"):
            labels = tab_set.select(".tabbed-labels > label")
            contents = tab_set.select(".tabbed-content > .tabbed-block")
            names = [label.get_text() for label in labels]
            # Markdown takes two that follow each other for one.
            assert len(set(names)) == len(names), f"{self}: no words between tab sets"
            yield dict(zip(names, contents, strict=True))

    def as_read_with(self, label: str) -> Page:
        """The page as it is read by whoever has chosen a broker."""
        read = Page(self.site, self.path)
        for tabs in read.tab_sets():
            for other in tabs.keys() - {label}:
                tabs[other].decompose()
        for labels in read.article.select(".tabbed-labels"):
            labels.decompose()
        return read

    def words(self) -> str:
        """What is read as text: no code block and no picture."""
        return "".join(said(self.article))

    @cached_property
    def ids(self) -> list[str]:
        """What a link into the page may name."""
        return [str(tag["id"]) for tag in self.soup.select("[id]")]


def said(tag: Tag) -> Iterator[str]:
    """The text of an element, without that of its code blocks and pictures."""
    for child in tag.children:
        if isinstance(child, Tag):
            if child.name not in {"pre", "svg"}:
                yield from said(child)
        # Comments, styles and scripts are strings of kinds of their own.
        elif type(child) is NavigableString:
            yield child


def parse(html: str) -> BeautifulSoup:
    """Read a page, or a part of one."""
    return BeautifulSoup(html, "html.parser")


def only(within: Tag, selector: str) -> Tag:
    """The one element that a selector finds."""
    found = within.select(selector)
    assert len(found) == 1, f"{len(found)} of {selector}, not one"
    return found[0]
