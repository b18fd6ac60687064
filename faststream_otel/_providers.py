"""Whether a provider may record: one that the API itself brings does not."""

from __future__ import annotations

from typing import Final

_OF_THE_API: Final = ("opentelemetry.metrics", "opentelemetry._logs")


def records(provider: object) -> bool:
    """Whether a provider may record anything."""
    module = type(provider).__module__
    return module != "opentelemetry.trace" and not module.startswith(_OF_THE_API)
