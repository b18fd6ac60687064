"""A page shows itself soon: it loads what it needs, and works on nothing else first."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

# Style sheets and scripts, and what a page that needs them has.
NEEDED: Final = {
    "assets/_mkdocstrings.css": 'class="doc ',
    "assets/css/trace.css": 'class="trace-picture',
    "assets/js/run.js": 'class="run-buttons',
}
# Of a minified sheet: selectors and declarations, no at-rule.
RULE: Final = re.compile(r"([^{};@]+)(\{[^{}]*\})")
UNWANTED: Final = re.compile(
    # Tab sets have one tab a broker; Material has rules for twenty, and a browser tries
    # each of them on each element.
    r"tabbed-.*nth-child\((?:[7-9]|\d\d)\)"
    # Stops transitions when the colours change, and so at each start: for that, all
    # elements get their styles twice more.
    r"|\[data-md-color-switching\]"
)


def on_post_page(output: str, **_: Any) -> str:
    """Leave out files of which a page has nothing, and let scripts wait."""
    for file, mark in NEEDED.items():
        if mark not in output:
            end = rf'"[^"]*{re.escape(file)}">'
            link = rf'<link rel="stylesheet" href={end}|<script src={end}</script>'
            output = re.sub(rf"\s*(?:{link})", "", output)
    return output.replace("<script src=", "<script defer src=")


def on_post_build(*, config: Any, **_: Any) -> None:
    """Leave out rules of Material's that cost more than they are worth here."""
    for sheet in Path(config.site_dir, "assets", "stylesheets").glob("*.css"):
        sheet.write_text(RULE.sub(lean, sheet.read_text()))


def lean(rule: re.Match[str]) -> str:
    """A rule with the selectors that are wanted, or nothing."""
    selectors, declarations = rule.groups()
    if not UNWANTED.search(selectors):
        return rule[0]
    wanted = [each for each in selectors.split(",") if not UNWANTED.search(each)]
    return ",".join(wanted) + declarations if wanted else ""
