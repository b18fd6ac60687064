"""A term that a page explains has a place of its own, to which others can link."""

from __future__ import annotations

import re
from typing import Any, Final

from markdown.extensions.toc import slugify

TERM: Final = re.compile(r"<dt>(?P<words>.*?)</dt>", re.DOTALL)
TAKEN: Final = re.compile(r'\bid="([^"]+)"')
TAG: Final = re.compile(r"<[^>]+>")
LINK: Final = '<a class="headerlink" href="#{}" title="Link to this term">#</a>'


def on_page_content(html: str, *, page: Any, **_: Any) -> str:
    """Give each term an id, where its page says that it explains terms."""
    if not page.meta.get("terms"):
        return html
    taken = set(TAKEN.findall(html))

    def named(found: re.Match[str]) -> str:
        name = slugify(TAG.sub("", found["words"]), "-")
        if name in taken:
            return found[0]
        taken.add(name)
        return f'<dt id="{name}">{found["words"]}{LINK.format(name)}</dt>'

    return TERM.sub(named, html)
