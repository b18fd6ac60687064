"""Fetches and packs what runs the guide's programs in a browser, if it is not there.

python -m packs.get
"""

from __future__ import annotations

import sys
import time

from packs.fetched import MissingError
from packs.made import folder, packs
from servers.programs import cached

if __name__ == "__main__":
    if not cached(folder()):
        print("Fetching what runs programs in a browser, once", flush=True)
        began = time.monotonic()
        try:
            made = packs()
        except MissingError as reason:
            sys.exit(str(reason))
        size = sum(path.stat().st_size for path in made.iterdir()) / 1e6
        print(f"Fetched and packed {size:.0f} MB in {time.monotonic() - began:.0f} s.")
