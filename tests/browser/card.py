"""Draws the card that a link to the guide is shown as: docs/assets/card.png.

By hand, when its words or the picture change: a browser's pixels are not the same
everywhere.

python -m tests.browser.card
"""

from __future__ import annotations

import shutil

from playwright.sync_api import sync_playwright

from tests.docs.site import DOCS, PICTURES

CARD = DOCS / "assets" / "card.png"
# What sites that show cards ask for.
WIDTH, HEIGHT = 1200, 630

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><base href="{base}">
<link rel="stylesheet" href="assets/css/trace.css">
<link rel="stylesheet" href="assets/css/guide.css">
<style>
    body {{ margin: 0; padding: 56px 72px; width: 1056px;
        background: var(--guide-paper); color: var(--guide-ink);
        font-family: var(--md-text-font-family); }}
    header {{ display: flex; gap: 20px; align-items: center; }}
    header img {{ height: 44px; }}
    h1 {{ font-size: 56px; letter-spacing: -0.02em; margin: 0; }}
    p {{ color: var(--guide-quiet); font-size: 28px; margin: 18px 0 44px; }}
    .picture {{ zoom: 1.3; }}
</style>
<body data-md-color-scheme="default">
<header><img src="assets/logo.svg" alt=""><h1>OpenTelemetry for FastStream</h1></header>
<p>One middleware a broker, and a guide whose programs run.</p>
<div class="picture">{picture}</div>
"""


def main() -> None:
    """Draw it."""
    picture = (PICTURES / "nats" / "chain.svg").read_text()
    draft = DOCS / "card.html"
    draft.write_text(PAGE.format(base=DOCS.as_uri() + "/", picture=picture))
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium")
            )
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light"
            )
            page.goto(draft.as_uri())
            page.evaluate("document.fonts.ready")
            page.screenshot(path=CARD)
            browser.close()
    finally:
        draft.unlink()


if __name__ == "__main__":
    main()
