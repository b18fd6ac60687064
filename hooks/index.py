"""Search finds a program once: of six that differ in a line, five are that line.

Runs after the search plugin, on the index that it wrote.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

CODE: Final = re.compile(r"<pre>.*?<code>(?P<lines>.*?)</code></pre>", re.DOTALL)


def on_post_build(*, config: Any, **_: Any) -> None:
    """Leave out of each section the lines of code that it has already."""
    path = Path(config.site_dir) / "search" / "search_index.json"
    index = json.loads(path.read_text())
    for section in index["docs"]:
        section["text"] = once(section["text"])
    path.write_text(json.dumps(index, separators=(",", ":")))


def once(text: str) -> str:
    """A section's text with each line of code where it is for the first time."""
    seen: set[str] = set()

    def new(found: re.Match[str]) -> str:
        lines = [line for line in found["lines"].splitlines() if line not in seen]
        seen.update(lines)
        kept = "\n".join(lines).strip("\n")
        return f"<pre><code>{kept}</code></pre>" if kept else ""

    return CODE.sub(new, text)
