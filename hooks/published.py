"""What only the published guide has: versions, and choices that last across them."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit


def on_config(config: Any, **_: Any) -> None:
    """Add the menu of versions when mike builds one, and keep choices for all of them.

    mike names the version that it builds in the environment.
    """
    if os.environ.get("MIKE_DOCS_VERSION"):
        config.extra["version"] = {"provider": "mike"}
        config.extra["scope"] = (
            urlsplit(os.environ.get("GUIDE_SITE_URL", "")).path or "/"
        )
