"""A page loads the style sheets that it needs: each one keeps its reader waiting."""

from __future__ import annotations

import re
from typing import Any, Final

# Style sheets, and what a page that needs them has.
NEEDED: Final = {
    "assets/_mkdocstrings.css": 'class="doc ',
    "assets/css/trace.css": '<figure class="trace"',
}


def on_post_page(output: str, **_: Any) -> str:
    """Leave out the links to sheets of which a page has nothing."""
    for sheet, mark in NEEDED.items():
        if mark not in output:
            link = rf'\s*<link rel="stylesheet" href="[^"]*{re.escape(sheet)}">'
            output = re.sub(link, "", output)
    return output
