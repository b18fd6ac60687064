"""What only the published guide has: versions, and choices that last across them."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urljoin, urlsplit


def on_config(config: Any, **_: Any) -> None:
    """Add the menu of versions when mike builds one, and keep choices for all of them.

    mike names the version that it builds in the environment. The site's address is then
    that of the latest; files that the latest may not have are `here`.
    """
    if version := os.environ.get("MIKE_DOCS_VERSION"):
        config.extra["version"] = {"provider": "mike"}
        config.extra["scope"] = (
            urlsplit(os.environ.get("GUIDE_SITE_URL", "")).path or "/"
        )
        if config.site_url:
            config.site_url = f"{config.site_url.rstrip('/')}/"
            config.extra["here"] = urljoin(config.site_url, f"../{version}/")
