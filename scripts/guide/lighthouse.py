"""Serves a built guide compressed, and lets Lighthouse measure its pages.

python -m guide.lighthouse LIGHTHOUSE SITE PAGE...
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from guide.server import serve

# The least that a page is to have.
LEAST = {"performance": 98, "accessibility": 100, "best-practices": 100, "seo": 100}
CHROMIUM = "--headless --no-sandbox --disable-gpu --disable-background-networking"


# What performance is made of.
PARTS = (
    "first-contentful-paint",
    "largest-contentful-paint",
    "speed-index",
    "total-blocking-time",
    "cumulative-layout-shift",
)


def measure(tool: str, address: str) -> tuple[dict[str, int], list[str]]:
    """The scores of a page, and what its performance is made of."""
    command = [tool, address, "--quiet", "--output=json", f"--chrome-flags={CHROMIUM}"]
    environment = {**os.environ, "CHROME_PATH": shutil.which("chromium") or ""}
    ran = subprocess.run(
        [*command, f"--only-categories={','.join(LEAST)}"],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(ran.stdout)
    scores = {name: round(100 * found["categories"][name]["score"]) for name in LEAST}
    parts = [found["audits"][name] for name in PARTS]
    return scores, [f"{part['title']} {part['displayValue']}" for part in parts]


def main() -> None:
    """Measure each page, show its scores, and fail if one is too low."""
    tool, site, *pages = sys.argv[1:]
    low = 0
    with serve(Path(site)) as home:
        for page in pages:
            scores, parts = measure(tool, f"{home}/{page.strip('/')}".rstrip("/") + "/")
            low += any(scores[name] < least for name, least in LEAST.items())
            print(page, *scores.values(), ", ".join(parts), sep="\t", flush=True)
    sys.exit(1 if low else 0)


if __name__ == "__main__":
    main()
