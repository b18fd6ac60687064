"""Takes the guide's pictures of other programs' pages; `scripts/screens` runs it."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from tests.brokers import backends
from tests.brokers.commands import readers_environment
from tests.browser.chromium import chromium
from tests.docs.site import DOCS

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

SCREENS = DOCS / "assets" / "screens"
ZIPKIN = "http://127.0.0.1:9411"
# The page shows it smaller, so its letters are to be large. Above is Zipkin's menu.
TOP, WIDTH, HEIGHT, SCALE = 64, 960, 420, 4 / 3


def zipkin(to: Path) -> str:
    """Run the chain, and take a picture of its trace; give the words on it."""
    before = known()
    at_once = readers_environment(OTEL_BSP_SCHEDULE_DELAY="50")
    backends.run_chain("zipkin_json", at_once)
    (trace_id,) = backends.eventually(lambda: known() - before)
    with chromium() as browser:
        page = browser.new_page(
            viewport={"width": WIDTH, "height": TOP + HEIGHT}, color_scheme="light"
        )
        page.goto(f"{ZIPKIN}/zipkin/traces/{trace_id}")
        page.get_by_text("third: process third").wait_for()
        # The spans alone, without what is known of one of them.
        page.locator("button.MuiToggleButton-root").last.click()
        page.get_by_text("Span ID").wait_for(state="hidden")
        words = page.inner_text("body")
        save(page, to)
    return words


def known() -> set[str]:
    """The traces with all six spans that Zipkin has of the chain."""
    traces = backends.get(f"{ZIPKIN}/api/v2/traces?serviceName=third&limit=100")
    return {trace[0]["traceId"] for trace in traces if len(trace) == 6}


def save(page: Page, to: Path) -> None:
    """Write what a page shows as WebP, which Playwright alone does not."""
    session = page.context.new_cdp_session(page)
    clip = {"x": 0, "y": TOP, "width": WIDTH, "height": HEIGHT, "scale": SCALE}
    options = {"format": "webp", "quality": 75, "clip": clip}
    shot = session.send("Page.captureScreenshot", options)
    to.write_bytes(base64.b64decode(shot["data"]))


def size(picture: Path) -> tuple[int, int]:
    """Give the width and height that a WebP file says it has."""
    data = picture.read_bytes()
    assert re.match(rb"RIFF....WEBPVP8X", data, re.DOTALL), "it is not Chromium's WebP"
    width, height = (int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
    return width + 1, height + 1


def main() -> None:
    """Take the pictures anew."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    to = SCREENS / "zipkin.webp"
    zipkin(to)
    print(f"wrote {to.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
