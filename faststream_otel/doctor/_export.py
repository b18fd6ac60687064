"""Checks of exporters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel.doctor._finding import Fact, Finding
    from faststream_otel.doctor._service import Service


def check(service: Service) -> Iterator[Finding | Fact]:
    """Examine exporters."""
    del service
    yield from ()
