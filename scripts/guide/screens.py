"""Takes the guide's pictures of other programs' pages; `scripts/screens` runs it."""

from __future__ import annotations

import base64
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from guide import backends
from guide.chromium import chromium
from guide.commands import readers_environment
from guide.places import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

SCREENS = DOCS / "assets" / "screens"
AT_ONCE = {"OTEL_BSP_SCHEDULE_DELAY": "50"}
# The guide shows a picture smaller than the 1280 pixels that it has across, so its
# letters are to be large: the windows are narrow. Down it is to have whole pixels, too.
ACROSS = 1280
OF_ZIPKIN = {"width": 960, "height": 420}
OF_JAEGER = {"width": 768, "height": 318}


def zipkin(to: Path) -> str:
    """Run the chain, and take a picture of its trace; give the words on it."""
    sent = readers_environment(**AT_ONCE)
    trace_id = backends.new_chain("zipkin_json", backends.in_zipkin, sent)
    with window(OF_ZIPKIN["width"]) as page:
        page.goto(f"{backends.ZIPKIN}/zipkin/traces/{trace_id}")
        page.get_by_text("third: process third").wait_for()
        # The spans alone, without what is known of one of them.
        page.locator("button.MuiToggleButton-root").last.click()
        page.get_by_text("Span ID").wait_for(state="hidden")
        # Above is Zipkin's menu.
        save(page, to, top=64, **OF_ZIPKIN)
        return page.inner_text("body")


def jaeger(to: Path) -> str:
    """Run the chain, and take a picture of its trace; give the words on it."""
    if missing := no_jaeger():
        raise SystemExit(missing)
    sent = readers_environment(**AT_ONCE, **backends.TO_JAEGER)
    trace_id = backends.new_chain("otlp", backends.in_jaeger, sent)
    with window(OF_JAEGER["width"]) as page:
        # Room for the names: it keeps where a reader drags the line beside them.
        page.add_init_script("localStorage.setItem('spanNameColumnWidth', '0.38')")
        page.goto(f"{backends.JAEGER}/trace/{trace_id}")
        page.get_by_text("process third").wait_for()
        # Above are Jaeger's menu, and a title among buttons.
        start = page.get_by_text("Trace Start").bounding_box()
        assert start
        save(page, to, top=start["y"] - 5, **OF_JAEGER)
        return page.inner_text("body")


def no_jaeger() -> str:
    """Say why Jaeger's page cannot be seen, or nothing if it can."""
    if "<title>Jaeger UI</title>" in backends.text(f"{backends.JAEGER}/"):
        return ""
    return (
        "this Jaeger has a placeholder for its page; its image has the page: "
        "scripts/brokers up --with containers jaeger"
    )


@contextmanager
def window(width: int) -> Iterator[Page]:
    """Open Chromium, in light colours."""
    with chromium() as browser:
        yield browser.new_page(
            viewport={"width": width, "height": 640}, color_scheme="light"
        )


def save(page: Page, to: Path, top: float, width: int, height: int) -> None:
    """Write what a page shows as WebP, which Playwright alone does not."""
    session = page.context.new_cdp_session(page)
    clip = {"x": 0, "y": top, "width": width, "height": height, "scale": ACROSS / width}
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
    """Take the pictures anew, all or those that are named."""
    taken = {"zipkin": zipkin, "jaeger": jaeger}
    SCREENS.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or taken:
        to = SCREENS / f"{name}.webp"
        taken[name](to)
        print(f"wrote {to.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
