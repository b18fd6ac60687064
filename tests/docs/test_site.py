"""The built guide shows the files that the tests run, and nothing in it is broken."""

from __future__ import annotations

import re
import struct
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from guide.places import DOCS, PICTURES, PROGRAMS, TABS
from guide.signals import SIGNALS
from tests.docs.exporting import EXPORTING
from tests.docs.site import HOME, REPOSITORY, Page, build, only, parse, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bs4 import Tag

# What a browser fetches on its own: elements, and the attribute that says from where.
FETCHED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "image": "href",
    "img": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "use": "href",
    "video": "src",
}
# Links that only describe the page.
NOT_FETCHED = {"canonical", "next", "prev"}
IN_CSS = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")

# A fence that shows a file, with some of its lines marked.
MARKED = re.compile(r'title="(?P<file>[^"]+)".*?hl_lines="(?P<lines>[^"]*)"')

# Programs whose pages show something else than a trace.
OTHERS = {f"{program}.py" for program in (*SIGNALS, *EXPORTING)}

# The full example: too much to show all of it on one page.
EXAMPLE = "monitoring/"

# What includes, tabs, fences, blocks and API directives leave when they fail.
DIRECTIVES = ("{!", "!}", "{%", ":::", "///", "```", "~~~", "=== ", "{ .", "markdown:")


def test_every_block_is_its_file(guide: list[Page]) -> None:
    """A reader copies exactly the file that the block's title names."""
    programs = [page for page in guide if not page.is_reference]
    assert any(page.blocks() for page in programs)
    for page in programs:
        for block in page.blocks():
            assert block.title, f"{page}: a block names no file: {block.text[:80]!r}"
            file = PROGRAMS / block.title
            assert file.is_file(), f"{page}: there is no docs_src/{block.title}"
            assert without_last_newline(block.text) == without_last_newline(
                shown(block.title)
            ), f"{page}: the block is not docs_src/{block.title}"


def without_last_newline(text: str) -> str:
    """A file ends in a newline, copied text does not."""
    return text.removesuffix("\n")


def test_every_file_is_shown(guide: list[Page]) -> None:
    """No program is kept that nobody reads."""
    shown = {block.title for page in guide for block in page.blocks()}
    files = {
        path.relative_to(PROGRAMS).as_posix()
        for path in PROGRAMS.rglob("*")
        if path.suffix in {".diff", ".py", ".sh", ".txt"}
    }
    example = {file for file in files - shown if file.startswith(EXAMPLE)}
    assert files - shown - example == set()
    # What the page of the full example does not show, it names.
    (page,) = (page for page in guide if str(page) == "full-example/index.html")
    named = {code.get_text() for code in page.article.select("td:first-child > code")}
    everything = {
        path.relative_to(PROGRAMS / EXAMPLE).as_posix()
        for path in (PROGRAMS / EXAMPLE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    here = {title.removeprefix(EXAMPLE) for title in shown}
    assert everything - here == named - here
    assert named <= everything


def test_fonts_come_first(guide: list[Page]) -> None:
    """Text does not move when the fonts are there: they are asked for at once."""
    fonts = {path.name for path in (DOCS / "assets" / "fonts").glob("*.woff2")}
    assert fonts
    for page in guide:
        links = page.soup.select('link[rel=preload][as="font"]')
        names = {str(link["href"]).rpartition("/")[2] for link in links}
        assert names == fonts, page


def test_tabs_are_the_six_brokers(guide: list[Page]) -> None:
    """Each tab set has one tab a broker, in the same order, with that broker's file."""
    tab_sets = [(page, tabs) for page in guide for tabs in page.tab_sets()]
    assert tab_sets
    for page, tabs in tab_sets:
        assert list(tabs) == list(TABS), f"{page}: other tabs"
        shown = list(zip(TABS.values(), map(title, tabs.values()), strict=True))
        # Where a broker cannot do it, its tab says so.
        names = {re.sub(rf"\b{broker}\b", "*", file) for broker, file in shown if file}
        assert len(names) <= 1, f"{page}: {names}"
        assert all("*" in name for name in names), f"{page}: the same file for all"
        for label, content in tabs.items():
            assert content.get_text().strip(), f"{page}: nothing for {label}"


def title(content: Tag) -> str:
    """The file that a tab shows, or of whose messages; empty if it only has words."""
    if content.select("pre"):
        return only(content, ".filename").get_text()
    if content.select("figure.trace"):
        of, _, stands_in = (
            only(content, "figure.trace > svg > title")
            .get_text()
            .partition(", shown for ")
        )
        return "" if stands_in else of
    return ""


def test_each_program_has_its_picture(guide: list[Page]) -> None:
    """In each tab, the trace under a program is the one that this program recorded."""
    shown = set()
    for page in guide:
        for tabs in page.tab_sets():
            for content in tabs.values():
                file = title(content)
                # The tests of a service assert its trace, and programs about metrics
                # and logs show those: their traces would be the first one again.
                if not file.endswith(".py") or "/test_" in file or file in OTHERS:
                    continue
                # Their trace is that of an order: below.
                if "monitoring/shop/brokers/" in file:
                    continue
                picture = PICTURES / file.replace(".py", ".svg")
                drawn = only(content, "figure.trace > svg")
                assert str(drawn) == as_parsed(picture), f"{page}: not {picture.name}"
                shown.add(picture)
    assert shown


def test_the_full_example_has_its_traces(guide: list[Page]) -> None:
    """In the tab of each broker that of an order, before any program."""
    (page,) = (page for page in guide if str(page) == "full-example/index.html")
    traces, files = page.tab_sets()
    for label, broker in TABS.items():
        picture = PICTURES / "monitoring" / "shop" / "brokers" / f"{broker}.svg"
        assert str(only(traces[label], "figure.trace > svg")) == as_parsed(picture)
        assert title(files[label]) == f"monitoring/shop/brokers/{broker}.py"
    first = page.article.select_one(".drawing, figure, .highlight")
    assert first is not None
    assert first["class"] == ["drawing"]
    assert page.html.index('class="trace-picture') < page.html.index('"filename"')


def test_every_picture_is_shown(guide: list[Page]) -> None:
    """In a tab under its program, or on a page about this one trace."""
    figures = [page.article.select("figure.trace > svg") for page in guide]
    shown = {str(figure) for found in figures for figure in found}
    assert shown == {as_parsed(picture) for picture in PICTURES.rglob("*.svg")}


def test_each_picture_was_recorded(guide: list[Page]) -> None:
    """No trace on a page is drawn by hand, and none is changed by Markdown."""
    recorded = {as_parsed(path) for path in PICTURES.rglob("*.svg")}
    sources = [path.read_text().strip() for path in PICTURES.rglob("*.svg")]
    for page in guide:
        pictures = page.article.select("figure svg")
        assert {str(picture) for picture in pictures} <= recorded, str(page)
        # Where a picture stands in no tab, Markdown parts its style by blank lines.
        html = page.html.replace("\n\n<style>", "\n<style>")
        html = html.replace("</style>\n\n", "</style>\n")
        assert sum(source in html for source in sources) == len(pictures)


def as_parsed(picture: Path) -> str:
    """A picture's file, written as the parser of the pages writes it."""
    return str(only(parse(picture.read_text()), "svg"))


def test_ids_are_unique(guide: list[Page]) -> None:
    """Six pictures on a page do not take each other's names."""
    for page in guide:
        ids = page.ids
        assert len(ids) == len(set(ids)), f"{page}: {sorted(ids)}"


def test_no_directive_is_left(guide: list[Page]) -> None:
    """What Markdown and its extensions did not understand stays as text."""
    for page in guide:
        words = page.words()
        for directive in DIRECTIVES:
            assert directive not in words, f"{page} says {directive}"


def test_every_public_name_is_in_the_reference(guide: list[Page]) -> None:
    """What users may import is explained, under its full name."""
    explained = {name for page in guide if page.is_reference for name in page.ids}
    modules = ["faststream_otel", "faststream_otel.console", "faststream_otel.testing"]
    modules += ["faststream_otel.instrumentor"]
    modules += [f"faststream_otel.{broker}" for broker in TABS.values()]
    public = {
        f"{module}.{name}"
        for module in modules
        for name in import_module(module).__all__
        if name != "__version__"
    }
    assert public - explained == set()


def test_marked_lines_exist() -> None:
    """`hl_lines` beyond the end of a file marks nothing, and says nothing."""
    for source in DOCS.rglob("*.md"):
        for marked in MARKED.finditer(source.read_text()):
            length = len((PROGRAMS / marked["file"]).read_text().splitlines())
            last = max(int(number) for number in re.findall(r"\d+", marked["lines"]))
            assert last <= length, f"{source.name}: {marked[0]}"


def test_no_link_is_broken(site: Path, every_page: list[Page]) -> None:
    """Every address on the site leads to a file of it, and every anchor to an id."""
    by_file = {page.path: page for page in every_page}
    for page in by_file.values():
        for address in addresses(page):
            parts = urlsplit(urljoin(page.address, address))
            if parts.scheme:
                continue
            file = site / unquote(parts.path).lstrip("/")
            if parts.path.endswith("/"):
                file /= "index.html"
            assert file.is_file(), f"{page}: {address} leads nowhere"
            if parts.fragment and file in by_file:
                assert unquote(parts.fragment) in by_file[file].ids, (
                    f"{page}: there is no {address}"
                )


def addresses(page: Page) -> Iterator[str]:
    """All that a page links or fetches."""
    for attribute in ("href", "src"):
        for tag in page.soup.select(f"[{attribute}]"):
            yield str(tag[attribute])


def test_nothing_is_fetched_from_elsewhere(site: Path, every_page: list[Page]) -> None:
    """Scripts, styles, fonts and images are the site's own."""
    for page in every_page:
        for address in fetched(page):
            assert not urlsplit(address).netloc, f"{page} fetches {address}"
    for sheet in site.rglob("*.css"):
        for address in in_css(sheet.read_text()):
            assert not urlsplit(address).netloc, f"{sheet.name} fetches {address}"


def fetched(page: Page) -> Iterator[str]:
    """The addresses that a browser asks for when it opens the page."""
    for name, attribute in FETCHED.items():
        for tag in page.soup.select(f"{name}[{attribute}]"):
            if not NOT_FETCHED.intersection(tag.get_attribute_list("rel")):
                yield str(tag[attribute])
    for style in page.soup.select("style"):
        yield from in_css(style.get_text())
    for tag in page.soup.select("[style]"):
        yield from in_css(str(tag["style"]))


def in_css(text: str) -> Iterator[str]:
    """The addresses that a style sheet asks for."""
    for found in IN_CSS.finditer(text):
        yield found[1] or found[2]


def test_style_sheets_find_their_files(site: Path) -> None:
    """A font whose file is missing is replaced by another, and nothing says so."""
    fonts = 0
    for sheet in (site / "assets" / "css").glob("*.css"):
        for address in in_css(sheet.read_text()):
            assert (sheet.parent / address).is_file(), f"{sheet.name}: {address}"
            fonts += address.endswith(".woff2")
    assert fonts


def test_pages_load_the_styles_that_they_need(guide: list[Page]) -> None:
    """Those of pictures where there are any, those of the API where it is."""
    uses = {"trace.css": ".trace-picture", "_mkdocstrings.css": ".doc-object"}
    for sheet, element in uses.items():
        loads = {str(page) for page in guide if sheet in page.html}
        needs = {str(page) for page in guide if page.article.select(element)}
        assert needs
        assert loads == needs, sheet


def test_scripts_wait_until_a_page_is_shown(guide: list[Page]) -> None:
    """They run in their order all the same."""
    for page in guide:
        scripts = page.soup.select("script[src]")
        assert len(scripts) > 1
        assert all(script.has_attr("defer") for script in scripts), str(page)


def test_the_themes_sheets_have_no_rules_that_cannot_apply(
    site: Path, guide: list[Page]
) -> None:
    """Six tabs look as the theme says, and there is no seventh."""
    sheets = (site / "assets" / "stylesheets").glob("*.css")
    styles = "".join(sheet.read_text() for sheet in sheets)
    tabs = {int(tab) for tab in re.findall(r"tabbed-[^,{]*nth-child\((\d+)\)", styles)}
    shown = {len(labels.select("label")) for labels in tab_sets(guide)}
    assert tabs == {2, 3, 4, 5, 6}, "the first is :first-child"
    assert shown == {6}
    assert "data-md-color-switching" not in styles
    # Neither has gone with its neighbours.
    assert "input:first-child:checked~.tabbed-content>:first-child" in styles
    assert "[data-md-color-scheme=slate]" in styles


def tab_sets(guide: list[Page]) -> Iterator[Tag]:
    """The labels of each tab set."""
    for page in guide:
        yield from page.article.select(".tabbed-labels")


@pytest.mark.long
def test_public_addresses_are_one_setting_each(site: Path, published: Path) -> None:
    """What needs an address is there when it is set, and left out while it is not."""
    without, with_both = ((to / "index.html").read_text() for to in (site, published))
    assert f'<link rel="canonical" href="{HOME}">' in with_both
    assert f'href="{REPOSITORY}"' in with_both
    # Material's own link asks GitHub for stars on every page.
    assert 'data-md-component="source"' not in with_both
    card = f'<meta property="og:image" content="{HOME}assets/card.png">'
    assert card in with_both
    # Width and height, as a PNG begins.
    size = (published / "assets" / "card.png").read_bytes()[16:24]
    assert struct.unpack(">II", size) == (1200, 630)
    assert "canonical" not in without
    assert "og:" not in without
    assert "md-source" not in without


@pytest.mark.long
def test_versions_are_for_the_published_guide(site: Path, tmp_path: Path) -> None:
    """What mike builds has a menu of versions, for all of which a choice is kept."""
    home = "https://guide.example/faststream-otel/"
    built = build(tmp_path, GUIDE_SITE_URL=home, MIKE_DOCS_VERSION="0.1")
    assert built.returncode == 0, built.stdout

    alone, versioned = ((to / "index.html").read_text() for to in (site, tmp_path))
    assert '"provider": "mike"' in versioned
    assert '__md_scope=new URL("/faststream-otel/",' in versioned
    # Search engines are to find one of the versions, the latest.
    assert f'<link rel="canonical" href="{home}latest/">' in versioned
    # What the latest may not have is this version's.
    assert (
        f'<meta property="og:image" content="{home}0.1/assets/card.png">' in versioned
    )
    listed = (tmp_path / "llms.txt").read_text()
    assert f"({home}latest/chain/index.md)" in listed
    assert '"provider"' not in alone
    assert '__md_scope=new URL(".",' in alone
