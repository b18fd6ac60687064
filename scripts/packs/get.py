"""Fetches and packs what runs the guide's programs in a browser, if it is not there.

python -m packs.get
"""

from __future__ import annotations

import shutil
import sys
import time

from packs import fetched
from packs.made import folder, packs
from servers.kept import cached

if __name__ == "__main__":
    if not cached(folder()):
        # One line, which the end of it completes.
        print("Fetching what runs programs in a browser, once: ", end="", flush=True)
        began = time.monotonic()
        try:
            made = packs()
        except (fetched.MissingError, OSError) as reason:
            print()
            sys.exit(str(reason))
        except BaseException:
            print()
            raise
        for old in set(fetched.CACHE.iterdir()) - {made, fetched.folder()}:
            shutil.rmtree(old)
        size = sum(path.stat().st_size for path in made.iterdir()) / 1e6
        print(f"{size:.0f} MB in {time.monotonic() - began:.0f} s.")
