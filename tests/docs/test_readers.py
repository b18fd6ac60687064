"""Each page says only what its reader sees, whichever broker the reader has chosen.

What differs by broker stands in that broker's tab. Words outside the tabs are read by
everybody: they name no span, handler or argument that only other brokers' programs and
pictures have, unless the sentence says of which broker it speaks.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from guide.places import TABS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import Tag

    from tests.docs.site import Page

# What a paragraph, or the row of a table, must contain to speak of some brokers alone.
OF_BROKERS = re.compile(
    "|".join([*TABS, "aiokafka", "JetStream", "other brokers", "every broker"])
)
# A name that says of which broker it is.
OF_ITSELF = re.compile("|".join(TABS.values()))
# Words that speak of what stands above them, in the same section or an earlier one.
SHOWN = re.compile(
    r"\b(?:the|this|that|a) (?:picture|program|dotted line)\b(?! of\b)", re.IGNORECASE
)
SENTENCES = "p, li, tr, dt, dd"
# Parts of names are names too: a subscriber's option, a span's destination.
WORD = re.compile(r"[\w.]+")
ARGUMENTS = re.compile(r"\(.*\)")


@cache
def seen(page: Page) -> dict[str, set[str]]:
    """The words of all programs, outputs and pictures, by the broker of the reader."""
    by_all = set(words_shown(page.article))
    by_label = {label: set(by_all) for label in TABS}
    for tabs in page.tab_sets():
        for label, content in tabs.items():
            by_label[label].update(words_shown(content, in_tabs=True))
    return by_label


def words_shown(within: Tag, *, in_tabs: bool = False) -> Iterator[str]:
    """What stands in programs, outputs and pictures: in a tab, or outside of all."""
    for element in within.select("pre, .trace-name, .trace-spans :is(th, td)"):
        if in_tabs or not element.find_parent(class_="tabbed-set"):
            yield from WORD.findall(element.get_text())


def explained(guide: list[Page]) -> set[str]:
    """What everybody may be told of: names of the package, and its options."""
    return {
        name.rpartition(".")[2]
        for page in guide
        if str(page).startswith(("reference/api", "reference/options"))
        for name in page.ids
    }


@cache
def named(page: Page) -> list[tuple[str, str]]:
    """Names outside of programs, pictures and broker's tabs, each with its sentence.

    Sentences that say of which broker they speak are left out.
    """
    found = []
    for piece in page.article.select(SENTENCES):
        if piece.find_parent("figure") or piece.find_parent(class_="tabbed-set"):
            continue
        said = piece.get_text()
        if not OF_BROKERS.search(said) and not OF_ITSELF.search(said):
            codes = piece.select("code")
            found += [(ARGUMENTS.sub("", code.get_text()), said) for code in codes]
    return found


@pytest.mark.parametrize("label", TABS)
def test_what_is_named_is_seen(guide: list[Page], label: str) -> None:
    """A name from some broker's program is in this one's program or picture too."""
    unseen = []
    of_all = explained(guide)
    for page in guide:
        if page.is_reference or not any(page.tab_sets()):
            continue
        theirs = set().union(*seen(page).values()) - seen(page)[label] - of_all
        for name, said in named(page):
            if set(WORD.findall(name)) & theirs:
                unseen.append(f"{page}: {name}: {said[:60]!r}")
    assert not unseen, "\n".join(unseen)


@pytest.mark.parametrize("label", TABS)
def test_pictures_that_are_spoken_of_are_there(guide: list[Page], label: str) -> None:
    """A section that speaks of its picture has one in this broker's tab."""
    missing = [
        f"{page}: {said}"
        for page in guide
        for labels, said in pictured(page)
        if label not in labels and SHOWN.search(said)
    ]
    assert not missing, "\n".join(missing)


@cache
def pictured(page: Page) -> list[tuple[set[str], str]]:
    """Each tab set with pictures: the tabs that have one, and what is said below."""
    found = []
    sets = page.article.select(".tabbed-set")
    for whole, tabs in zip(sets, page.tab_sets(), strict=True):
        labels = {label for label in TABS if tabs[label].select_one("figure.trace")}
        if labels:
            found.append((labels, following(whole)))
    return found


def following(tab_set: Tag) -> str:
    """What is said between a tab set and the next one, or the next heading."""
    said = []
    for element in tab_set.find_next_siblings():
        if element.name in {"h1", "h2", "h3"} or element.select_one(".tabbed-set"):
            break
        if "tabbed-set" in element.get_attribute_list("class"):
            break
        said.append(element.get_text())
    return " ".join(said)


def test_readers_differ(guide: list[Page]) -> None:
    """The comparison has something to compare: brokers see different words."""
    [batches] = [page for page in guide if str(page) == "batches/index.html"]
    assert "PullSub" in seen(batches)["NATS"]
    assert "PullSub" not in seen(batches)["Redis"]
