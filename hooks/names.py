"""Long names may break after a mark, such as a dot, and nowhere else.

A phone is narrower than many names of attributes and variables, and than most tables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mkdocs.structure.toc import AnchorLink

# In text, of attributes in the tables of spans, and in headings.
NAME: Final = re.compile(
    r'<code>[^<\n]+</code>|(?<=-name">)[\w.]+(?=</span>)'
    r'|(?<=">)[\w.]+(?=<a class="headerlink")'
)
LONG: Final = re.compile(r"[^\s<>]{24,}")
# A column is narrow.
CELL: Final = re.compile(r"<(t[hd])\b.*?</\1>", re.DOTALL)
LONG_IN_CELL: Final = re.compile(r"[^\s<>]{10,}")
MARK: Final = re.compile(r'(?:(?<=[._/=(,:])|(?<=\w-))(?=[\w&"])')


def on_page_content(html: str, **_: Any) -> str:
    """Say where the names on a page may break."""
    html = CELL.sub(lambda cell: breakable(cell[0], LONG_IN_CELL), html)
    return breakable(html, LONG)


def on_page_context(context: Any, *, page: Any, **_: Any) -> Any:
    """Say it in the table of contents, too: a name that does not fit would be cut."""
    break_titles(page.toc)
    return context


def break_titles(toc: Iterable[AnchorLink]) -> None:
    """Let long titles break."""
    for each in toc:
        each.title = marked(each.title, LONG)
        break_titles(each.children)


def breakable(html: str, long: re.Pattern[str]) -> str:
    """Let the long words of names break."""
    return NAME.sub(lambda name: marked(name[0], long), html)


def marked(name: str, long: re.Pattern[str]) -> str:
    """A name that may break after the marks in its long words."""
    return long.sub(lambda word: MARK.sub("<wbr>", word[0]), name)
