"""Programs that run in the browser have a place for buttons; the rest say why not.

Which do is in `assets/run/programs.json`. Where a site has none, as one that was built
without a network, nothing is added.
"""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any, Final

MANIFEST: Final = "assets/run/programs.json"
# A program's name, its code, and what stands below it: hooks/blocks.py.
BLOCK: Final = re.compile(
    r'(?<=<span class="filename">)'
    r"(?P<code>(?:<a [^>]*>)?(?P<file>[\w/]+\.py)(?:</a>)?</span>"
    r'<pre>(?:(?!</pre>).)*</pre><div class="run"[^>]*>)'
    r"(?P<foot>[^\n]*?)(?=</div>)",
    re.DOTALL,
)


def on_page_content(html: str, *, page: Any, files: Any, **_: Any) -> str:
    """Add to what stands below each program."""
    manifest = files.get_file_from_path(MANIFEST)
    if manifest is None:
        return html
    programs = json.loads(manifest.content_string)["programs"]
    is_open = bool(page.meta.get("playground"))

    def with_place(found: re.Match[str]) -> str:
        file, code, foot = found["file"], found["code"], found["foot"]
        if not (program := programs.get(file)):
            return found[0]
        if program["runs"]:
            return f"{code}{place(file, program['broker'], is_open=is_open)}{foot}"
        why = escape(program["why"], quote=False)
        return f'{code}{foot}<span class="run-not">Not in the browser: {why}</span>'

    return BLOCK.sub(with_place, html)


def place(file: str, broker: str, *, is_open: bool) -> str:
    """Where the buttons of a program are put; an open one is edited from the start."""
    opened = " data-open" if is_open else ""
    return (
        f'<span class="run-buttons" data-run="{escape(file)}"'
        f' data-broker="{escape(broker)}"{opened}></span>'
    )
