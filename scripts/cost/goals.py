"""What the cost of a message is held against."""

from __future__ import annotations

from typing import Final

# At most this much of bare calls of the SDK, and of FastStream's own middleware.
GOALS: Final = {
    "no provider": (0.90, 0.25),
    "all sampled out": (1.10, 0.50),
    "all sampled": (1.08, 0.65),
    "all sampled + metrics": (1.05, 0.90),
}
