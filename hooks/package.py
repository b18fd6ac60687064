"""What the guide's commands install: the package by its name, once it is published.

Until then, this checkout by its path: nobody is to get a stranger's package that has
the name. `extra.package` in `mkdocs.yml` is the one setting for it. Files in `docs_src`
name a checkout beside the reader's directory.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
# In scripts, before the extras: `pip install "../faststream-otel[nats,sdk]"`.
BESIDE: Final = "../faststream-otel["
# What a page says only while the package is not published, or only once it is.
WHILE: Final = re.compile(
    r"<!-- (?P<state>unpublished|published) -->\n(?P<words>.*?)<!-- / -->\n", re.DOTALL
)


def package(config: Any) -> str:
    """What `pip install` takes: a name, or a path."""
    if configured := config.extra["package"]:
        return str(configured)
    # A site for others cannot know where their checkout is.
    return BESIDE.removesuffix("[") if config.site_url else str(ROOT)


def installing(text: str, config: Any) -> str:
    """A script with what it is to install."""
    return text.replace(BESIDE, f"{package(config)}[")


def on_page_markdown(markdown: str, *, config: Any, **_: Any) -> str:
    """Say on each page what to install, and what that takes."""
    state = "published" if config.extra["package"] else "unpublished"
    markdown = WHILE.sub(
        lambda found: found["words"] if found["state"] == state else "", markdown
    )
    return installing(markdown, config)
