"""The fixture of `faststream_otel.testing`; pytest finds it by itself.

It is no part of the package, so that pytest does not import FastStream with it.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel.testing import Recording, RecordTelemetry

__all__ = ("record_telemetry",)


@pytest.fixture
def record_telemetry() -> Iterator[RecordTelemetry]:
    """Record brokers and applications from the call to the end of the test.

    `record_telemetry(app)` gives the recording; its arguments are those of
    `faststream_otel.testing.record`.
    """
    from faststream_otel.testing import record  # noqa: PLC0415 - most tests need none

    with ExitStack() as stack:

        def start(*applications: Any, **options: Any) -> Recording:
            return stack.enter_context(record(*applications, **options))

        yield start
