"""The guide as text says all that its pages say: programs, brokers, traces, API."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING

from guide.places import TABS
from tests.docs.site import Block, Page, only

if TYPE_CHECKING:
    from pathlib import Path

FENCE = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
TRACE = "the trace of "

# What only MkDocs understands.
DIRECTIVES = ("{!", "!}", ":::", "///", '=== "', '!!! "', "<figure", "<svg", "hl_lines")


def copy(page: Page) -> str:
    """The Markdown copy of a page."""
    return page.path.with_name("index.md").read_text()


def test_every_page_has_its_copy(guide: list[Page], site: Path) -> None:
    """Each page leads to its copy, and so does `llms.txt`, with what it is about."""
    title, _, summary, *listed = (site / "llms.txt").read_text().splitlines()
    assert title.startswith("# ")
    for page in guide:
        link = only(page.soup, 'a[type="text/markdown"]')
        assert (page.path.parent / str(link["href"])).is_file(), page
        address = page.path.with_name("index.md").relative_to(site)
        [entry] = [line for line in listed if f"]({address})" in line]
        about = page.soup.select_one("meta[name=description]")
        assert about is not None
        # A page that says nothing of itself is described as the site is.
        is_own = about["content"] != summary.removeprefix("> ")
        assert entry.endswith(f": {about['content']}" if is_own else ")"), page
    assert len([line for line in listed if line.startswith("- ")]) == len(guide)


def test_every_block_is_in_the_copy(guide: list[Page]) -> None:
    """The programs of all tabs, whole and in their order, each with its file's name."""
    shown = 0
    for page in guide:
        if page.is_reference:
            continue
        fences = [Block(*found) for found in FENCE.findall(copy(page))]
        copied = [block for block in fences if not block.title.startswith(TRACE)]
        whole = [Block(each.title, each.text.rstrip("\n")) for each in copied]
        assert whole == [
            Block(each.title, each.text.rstrip("\n")) for each in page.blocks()
        ], page
        shown += len(copied)
    assert shown > len(TABS)


def test_every_broker_is_named(guide: list[Page]) -> None:
    """Above what is in a broker's tab stands which broker it is."""
    for page in guide:
        named = re.findall(r"^\*\*(.+)\*\*$", copy(page), re.MULTILINE)
        named = [name for name in named if name in TABS]
        assert named == list(TABS) * len(list(page.tab_sets())), page


def test_pictures_are_trees(guide: list[Page]) -> None:
    """In place of a picture there is its trace as text, all of its spans."""
    for page in guide:
        trees = [
            text for title, text in FENCE.findall(copy(page)) if title.startswith(TRACE)
        ]
        pictures = page.article.select("figure.trace > svg")
        assert len(trees) == len(pictures), page
        for text, picture in zip(trees, pictures, strict=True):
            names = [name.get_text() for name in picture.select(".trace-name")]
            assert names, page
            assert all(name.rstrip("…") in text for name in names), page


def test_every_public_name_is_in_the_copy(guide: list[Page]) -> None:
    """The API is in the copy, although its page has it from docstrings."""
    api = "".join(copy(page) for page in guide if str(page).startswith("reference/api"))
    explained = set(re.findall(r"^#+ (faststream_otel\S+)$", api, re.MULTILINE))
    for module in ("console", "instrumentor", "testing", *TABS.values()):
        names = import_module(f"faststream_otel.{module}").__all__
        assert {f"faststream_otel.{module}.{name}" for name in names} <= explained


def test_copies_are_plain(guide: list[Page]) -> None:
    """Nothing is left in a copy that only MkDocs understands."""
    for page in guide:
        words = FENCE.sub("", copy(page))
        for directive in DIRECTIVES:
            assert directive not in words, f"{page} says {directive}"


def test_copies_lead_to_copies(guide: list[Page]) -> None:
    """A reader of copies stays with copies."""
    links = 0
    for page in guide:
        for target in LINK.findall(FENCE.sub("", copy(page))):
            if "://" not in target:
                assert (page.path.parent / target).is_file(), f"{page}: {target}"
                assert target.endswith((".md", ".webp")), f"{page}: {target}"
                links += 1
    assert links


def test_the_whole_guide_is_one_file(guide: list[Page], site: Path) -> None:
    """`llms-full.txt` has every copy."""
    whole = (site / "llms-full.txt").read_text()
    for page in guide:
        assert copy(page) in whole, page
