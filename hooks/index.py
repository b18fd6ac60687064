"""Search finds what readers type: terms, places by other words, and a program once.

Of six programs that differ in a line, five are that line.

Runs after the search plugin, on the index that it wrote.
"""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any, Final

import yaml
from mkdocs.exceptions import PluginError

SYNONYMS: Final = Path(__file__).with_name("synonyms.yaml")
LUNR: Final = Path(__file__).with_name("lunr.js")
CODE: Final = re.compile(r"<pre>.*?<code>(?P<lines>.*?)</code></pre>", re.DOTALL)
TERM: Final = re.compile(
    r'<dt id="(?P<id>[^"]+)">(?P<title>.*?)</dt>\s*<dd>(?P<text>.*?)</dd>', re.DOTALL
)
TAG: Final = re.compile(r"<[^>]+>")
# A term's own link.
LINK: Final = re.compile(r'<a class="headerlink".*?</a>')
# How much more words count that stand there than those of a text. One that is typed may
# be in many titles: a page that has all of them in its text is to be found as well.
FIELDS: Final = {
    "title": {"boost": 30.0},
    "words": {"boost": 30.0},
    "text": {"boost": 1.0},
    "tags": {"boost": 30.0},
}

# The terms of each page of one build, by its address.
terms: dict[str, list[dict[str, str]]] = {}


def on_pre_build(**_: Any) -> None:
    """Forget the build before."""
    terms.clear()


def on_page_content(html: str, *, page: Any, **_: Any) -> None:
    """Keep the terms that a page explains, each of which has its place."""
    terms[page.url] = [
        {
            "location": f"{page.url}#{unescape(term['id'])}",
            "title": TAG.sub("", LINK.sub("", term["title"])),
            "text": TAG.sub("", term["text"]).strip(),
        }
        for term in TERM.finditer(html)
    ]


def on_post_build(*, config: Any, **_: Any) -> None:
    """Add terms and words; leave out the lines of code that a section has already."""
    path = Path(config.site_dir) / "search" / "search_index.json"
    index = json.loads(path.read_text())
    for section in index["docs"]:
        section["text"] = once(section["text"])
    index["docs"] += [term for page in terms.values() for term in page]
    places = {section["location"]: section for section in index["docs"]}
    for place, words in yaml.safe_load(SYNONYMS.read_text()).items():
        if place not in places:
            raise PluginError(f"hooks/{SYNONYMS.name}: there is no {place}")
        # YAML takes a port for a number, which search fails on.
        places[place]["words"] = list(map(str, words))
    # Of "no spans", each word says something.
    index["config"].update(fields=FIELDS, pipeline=[])
    path.write_text(json.dumps(index, separators=(",", ":")))
    (worker,) = Path(config.site_dir, "assets/javascripts/workers").glob("search.*.js")
    worker.write_text(f"{worker.read_text()}\n{LUNR.read_text()}")


def once(text: str) -> str:
    """A section's text with each line of code where it is for the first time."""
    seen: set[str] = set()

    def new(found: re.Match[str]) -> str:
        lines = [line for line in found["lines"].splitlines() if line not in seen]
        seen.update(lines)
        kept = "\n".join(lines).strip("\n")
        return f"<pre><code>{kept}</code></pre>" if kept else ""

    return CODE.sub(new, text)
