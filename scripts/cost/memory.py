"""How much memory this process has."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path


def resident(*, collected: bool = True) -> int:
    """Give the memory that is resident, in bytes, as Linux tells it.

    Args:
        collected: Collect garbage before, which takes the time of a few messages.
    """
    if not sys.platform.startswith("linux"):
        raise SystemExit("memory is looked at where Linux tells it")
    if collected:
        gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
