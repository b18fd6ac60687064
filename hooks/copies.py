"""The guide as text: a Markdown copy of each page, `llms.txt` and `llms-full.txt`.

A copy is what the reader sees, complete: the programs of all tabs, each under its
broker's name, a trace's tree and a drawing's words in their place, and docstrings.
"""

from __future__ import annotations

import posixpath
import re
from functools import cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import griffe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT: Final = Path(__file__).parents[1]
TRACES: Final = ROOT / "docs" / "traces"

FENCE: Final = re.compile(r"^ *(`{3,}|~{3,})")
TAB: Final = re.compile(r'^(?:===|!!!|\?\?\?\+?)[ ](?:\w+[ ])?"(?P<label>[^"]+)"$')
PICTURE: Final = re.compile(
    r"^(?:/// html \| figure\.trace|<figure class=\"trace\">)$.*?"
    r">Trace of (?P<name>(?P<trace>[\w/]+)(?:\.py)?)(?:, shown for \w+)?</title>.*?^(?:///|</figure>)$",
    re.MULTILINE | re.DOTALL,
)
# A drawing or a chart has its words in its description.
DRAWING: Final = re.compile(
    r'^(?:<div class="drawing"|<svg ).*?<desc[^>]*>(?P<words>.*?)</desc>.*?'
    r"^</(?:div|svg)>$",
    re.MULTILINE | re.DOTALL,
)
COMMENT: Final = re.compile(r"^<!--.*?-->\n*", re.MULTILINE | re.DOTALL)
DIRECTIVE: Final = re.compile(
    r"^::: (?P<name>[\w.]+)\n(?:    .*\n|\n(?=    ))*", re.MULTILINE
)
# What stands in braces after a word or a line is for the page's look.
LOOK: Final = re.compile(r"[ ]?\{:?[ ]*[.#][^}\n]*\}")
# To another page, or to a picture.
LINK: Final = re.compile(
    r"\]\((?P<page>[^):\s#]+\.(?:md|webp))?(?P<anchor>#[^)\s]*)?\)"
)
CROSS: Final = re.compile(r"\[(?P<words>[^\]\n]+)\]\[[\w.]+\]")

# The copies of one build, by the address of their page, in the order of the menu.
copies: dict[str, str] = {}


def on_pre_build(**_: Any) -> None:
    """Forget the build before."""
    copies.clear()


def on_page_markdown(
    markdown: str, *, page: Any, config: Any, files: Any, **_: Any
) -> str:
    """Keep the copy of a page, which is built as it was."""

    def to(target: str) -> str:
        path = posixpath.join(posixpath.dirname(page.file.src_uri), target)
        file = files.get_file_from_path(posixpath.normpath(path))
        if not file:
            return target
        copy = f"{file.url}index.md" if file.is_documentation_page() else file.url
        return posixpath.relpath(f"/{copy}", f"/{page.url}")

    text = plain(markdown, to)
    if base := config.site_url:
        text += f"\nThis page: {base}{page.url}\n"
    copies[page.url] = text
    return markdown


def on_post_build(*, config: Any, **_: Any) -> None:
    """Write the copies, and the two files that lead to them."""
    site = Path(config.site_dir)
    pages = {page.url: page for page in config.nav_pages}
    for url, text in copies.items():
        (site / url / "index.md").write_text(text)
    base = config.site_url or ""
    sections: dict[str, list[str]] = {"Guide": []}
    for url, page in pages.items():
        title = page.parent.title if page.parent else "Guide"
        entry = f"- [{page.title}]({base}{url}index.md)"
        if about := page.meta.get("description"):
            entry += f": {about}"
        sections.setdefault(title, []).append(entry)
    contents = [f"# {config.site_name}", f"> {config.site_description}"]
    for title, entries in sections.items():
        contents += [f"## {title}", "\n".join(entries)]
    (site / "llms.txt").write_text("\n\n".join(contents) + "\n")
    whole = [f"<!-- {base}{url}index.md -->\n\n{copies[url]}" for url in pages]
    (site / "llms-full.txt").write_text("\n".join(whole))


def on_nav(nav: Any, *, config: Any, **_: Any) -> None:
    """Remember the order of the menu."""
    config.nav_pages = nav.pages


def plain(markdown: str, to: Callable[[str], str]) -> str:
    """A page's Markdown without what only MkDocs understands.

    Args:
        markdown: The page, its includes resolved.
        to: Gives the address of a picture, or of a page's copy, by its path from here.
    """
    text = "\n".join(untabbed(COMMENT.sub("", markdown).splitlines()))
    text = PICTURE.sub(lambda found: tree(found["trace"], found["name"]), text)
    text = DRAWING.sub(lambda found: unescape(found["words"]), text)
    text = DIRECTIVE.sub(
        lambda found: "\n".join(api(found["name"])) + "\n", f"{text}\n"
    )
    lines: list[str] = []
    for line, is_code in with_code(text.splitlines()):
        ends_code = is_code and FENCE.match(line)
        # An include ends in a blank line; between two texts one is enough.
        if lines and not lines[-1] and (ends_code or not (line or is_code)):
            lines.pop()
        if FENCE.match(line):
            lines.append(re.sub(r" hl_lines=\"[^\"]*\"", "", line))
        else:
            lines.append(line if is_code else words(line, to))
    return "\n".join(lines).strip() + "\n"


def words(line: str, to: Callable[[str], str]) -> str:
    """A line that is no code: without looks, and with links to copies."""

    def link(found: re.Match[str]) -> str:
        page = to(found["page"]) if found["page"] else ""
        return f"]({page}{found['anchor'] or ''})"

    return CROSS.sub(r"\g<words>", LINK.sub(link, LOOK.sub("", line)))


def with_code(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is in a fence."""
    fence = ""
    for line in lines:
        mark = FENCE.match(line)
        yield line, bool(fence)
        if mark and not fence:
            fence = mark[1]
        elif line.strip() == fence:
            fence = ""


def untabbed(lines: list[str]) -> Iterator[str]:
    """Tabs and notes as text below their names."""
    inside = False
    for line in lines:
        if found := TAB.match(line):
            inside = True
            yield f"**{found['label']}**"
        elif inside and line.startswith("    "):
            yield line[4:]
        else:
            inside = inside and not line
            yield line


def tree(trace: str, name: str) -> str:
    """A recorded trace as text."""
    text = (TRACES / f"{trace}.txt").read_text()
    return f'```text title="the trace of {name}"\n{text}```'


@cache
def package() -> griffe.Module:
    """The package, read and not imported."""
    loaded = griffe.load(
        "faststream_otel", search_paths=[str(ROOT)], resolve_aliases=True
    )
    assert isinstance(loaded, griffe.Module)
    return loaded


def api(name: str, level: int = 3) -> Iterator[str]:
    """A name of the package as its docstring explains it, and what is in it."""
    _, _, inner = name.partition(".")
    found = package()[inner] if inner else package()
    target = found.final_target if isinstance(found, griffe.Alias) else found
    if not isinstance(target, griffe.Module):
        yield f"{'#' * level} {name.removesuffix('.__init__')}\n"
    if isinstance(target, griffe.Function):
        yield f"```python\n{target.signature()}\n```\n"
    if target.docstring:
        yield f"{target.docstring.value}\n"
    if isinstance(target, griffe.Module | griffe.Class):
        public = target.exports if isinstance(target, griffe.Module) else target.members
        for each in map(str, public or ()):
            if not each.startswith("_") and target.members[each].has_docstring:
                yield from api(f"{name}.{each}", level + 1)
