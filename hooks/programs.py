"""The site serves the files of `docs_src`: a block's link downloads its file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Final

PROGRAMS: Final = Path(__file__).parents[1] / "docs_src"


def on_post_build(*, config: Any, **_: Any) -> None:
    """Copy them as they are."""
    shutil.copytree(
        PROGRAMS,
        Path(config.site_dir) / PROGRAMS.name,
        ignore=shutil.ignore_patterns("__pycache__", ".*"),
        dirs_exist_ok=True,
    )
