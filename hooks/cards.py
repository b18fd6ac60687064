"""Each page has a card, as which a link to it is shown: its title, and its trace.

Only where `GUIDE_CARDS` asks for them, as `scripts/publish` does: they are drawn with
Chromium, which takes as long as the rest of the build. Other builds name one for all,
`docs/assets/card.png`. That is the home page's:

    GUIDE_CARDS=yes mkdocs build && cp site/assets/cards/index.png docs/assets/card.png
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from mkdocs.exceptions import PluginError

# What sites that show cards ask for.
WIDTH: Final = 1200
HEIGHT: Final = 630
PICTURE: Final = re.compile(
    r'<svg[^>]* class="trace-picture\b.*?<title[^>]*>(?P<title>.*?)</title>.*?</svg>',
    re.DOTALL,
)

ROW: Final = "trace-row"


@dataclass(frozen=True)
class Card:
    """What is on a page's card."""

    file: str
    section: str
    title: str
    about: str
    picture: str
    alt: str


# The cards of one build.
cards: list[Card] = []


def on_pre_build(**_: Any) -> None:
    """Forget the build before, and fail now rather than after this one."""
    cards.clear()
    if wanted() and not shutil.which("chromium"):
        raise PluginError(
            "Cards are drawn with Chromium, and there is no chromium on PATH: "
            "apt-get install chromium, or set GUIDE_CARDS to nothing."
        )


def wanted() -> bool:
    """Whether cards are asked for."""
    return bool(os.environ.get("GUIDE_CARDS"))


def on_page_context(context: Any, *, page: Any, config: Any, **_: Any) -> None:
    """Give the page the address of its card, and the words for it."""
    if not wanted():
        return
    card = of(page, config)
    cards.append(card)
    context["card"] = card


def of(page: Any, config: Any) -> Card:
    """The card of a page whose content is there."""
    title = unescape(next(iter(page.toc)).title)
    about = page.meta.get("description", config.site_description)
    # A chart has no rows, and is no trace.
    drawn = (found for found in PICTURE.finditer(page.content) if ROW in found[0])
    picture = next(drawn, None)
    on_it = [f"{title}.", about, *([f"{picture['title']}."] if picture else [])]
    return Card(
        file=f"assets/cards/{page.file.src_uri.removesuffix('.md')}.png",
        section=page.parent.title if page.parent else "",
        title=title,
        about=about,
        picture=picture[0] if picture else "",
        alt=" ".join(on_it),
    )


def on_post_build(*, config: Any, **_: Any) -> None:
    """Draw the cards, from the site's own style sheets and fonts."""
    if not cards:
        return
    # Who asks for no cards need not have these.
    from PIL import Image  # noqa: PLC0415
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    site = Path(config.site_dir)
    template = config.theme.get_env().get_template("card.html")
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        draft = Path(folder) / "card.html"
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        sheet = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT},
            color_scheme="light",
            offline=True,
        )
        for card in cards:
            draft.write_text(
                template.render(card=card, config=config, site=f"{site.as_uri()}/")
            )
            sheet.goto(draft.as_uri())
            sheet.evaluate("drawn")
            shot = Image.open(BytesIO(sheet.screenshot()))
            # Nobody sees that it has no more colours; it weighs less than half.
            few = shot.convert("RGB").quantize(method=Image.Quantize.MAXCOVERAGE)
            file = site / card.file
            file.parent.mkdir(parents=True, exist_ok=True)
            few.save(file, optimize=True)
        browser.close()
