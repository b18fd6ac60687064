"""Serves a built guide compressed, and lets Lighthouse measure its pages.

python -m tests.browser.lighthouse LIGHTHOUSE SITE PAGE...
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.browser.server import serve

# The least that a page is to have.
LEAST = {"performance": 98, "accessibility": 100, "best-practices": 100, "seo": 100}
CHROMIUM = "--headless --no-sandbox --disable-gpu --disable-background-networking"


def measure(tool: str, address: str) -> dict[str, int]:
    """The scores of a page."""
    command = [tool, address, "--quiet", "--output=json", f"--chrome-flags={CHROMIUM}"]
    environment = {**os.environ, "CHROME_PATH": shutil.which("chromium") or ""}
    ran = subprocess.run(
        [*command, f"--only-categories={','.join(LEAST)}"],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(ran.stdout)["categories"]
    return {name: round(100 * found[name]["score"]) for name in LEAST}


def main() -> None:
    """Measure each page, show its scores, and fail if one is too low."""
    tool, site, *pages = sys.argv[1:]
    low = 0
    with serve(Path(site)) as home:
        for page in pages:
            scores = measure(tool, f"{home}{page}")
            low += any(scores[name] < least for name, least in LEAST.items())
            print(page, *scores.values(), sep="\t", flush=True)
    sys.exit(1 if low else 0)


if __name__ == "__main__":
    main()
