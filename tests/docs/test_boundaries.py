"""The page about what is recorded: what it says of bounds and wrappers is so."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from typing import Any

import pytest
from faststream.nats import NatsBroker
from opentelemetry.sdk.trace import SpanLimits, TracerProvider

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import SpanRecorder, in_memory
from guide.places import DOCS
from guide.symptoms import BOUNDARIES, output

PAGE = (DOCS / "boundaries.md").read_text()


def test_no_secret_is_recorded() -> None:
    """The program has one in each part, and its spans have none."""
    assert (BOUNDARIES / "content.py").read_text().count('"secret in a ') == 2
    assert (BOUNDARIES / "content.py").read_text().count('"secret in the ') == 1
    assert "secret" not in output("content").read_text()


def test_the_views_make_one_series_a_metric() -> None:
    """Each name is followed by one point."""
    lines = output("views").read_text().splitlines()
    assert len(lines) == 8
    assert [line.startswith(" ") for line in lines] == [False, True] * 4


def recorded(correlation_id: str, error: str) -> dict[str, Any]:
    """Process a message that fails; give its span's texts."""
    recorder = SpanRecorder()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    broker = NatsBroker(middlewares=[NatsTelemetryMiddleware(tracer_provider=provider)])

    @broker.subscriber("orders")
    async def handle(order: str) -> None:
        raise LookupError(error)

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await broker.start()
            await broker.publish("tea", "orders", correlation_id=correlation_id)
            await deliveries.settled()

    asyncio.run(main())
    span = recorder.trace().spans[-1]
    return {
        "id": span.attributes["messaging.message.conversation_id"],
        "error": span.status_description,
    }


def test_texts_of_a_sender_are_bounded() -> None:
    """At the number of bytes that the page has, and where UTF-8 has no character."""
    assert "4,096 bytes, cut with `...`" in PAGE
    texts = recorded("i" * 5000, "é" * 5000)
    for text in texts.values():
        assert len(text.encode()) in {4095, 4096}
        assert text.endswith("...")
    assert recorded("a\ud800b", "a\ud800b") == {"id": "a\ufffdb", "error": "a\ufffdb"}


@pytest.mark.parametrize(
    "variable",
    ["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"],
)
def test_the_sdk_makes_them_smaller(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By either variable of the page."""
    assert f"`{variable}`" in PAGE
    monkeypatch.setenv(variable, "10")
    assert recorded("i" * 5000, "error")["id"] == "i" * 10


def test_counts_are_limited_by_default() -> None:
    """To the number of the page."""
    limits = SpanLimits()
    assert "128 each by default" in PAGE
    counts = (limits.max_links, limits.max_span_attributes, limits.max_events)
    assert counts == (128, 128, 128)
    assert limits.max_attribute_length is None


WRAPPED = """
from faststream_otel import _wrapped
from faststream_otel.instrumentor import FastStreamInstrumentor
from faststream_otel.nats import NatsTelemetryMiddleware
{then}
for owner, name in _wrapped._wrapped:
    assert hasattr(getattr(owner, name), "__wrapped__")
    print(f"{{owner.__name__}}.{{name}}")
"""


@pytest.mark.parametrize(
    ("then", "rows"),
    [
        ("NatsTelemetryMiddleware()", [0, 1]),
        # It makes a middleware for each broker, and here there is none.
        ("FastStreamInstrumentor().instrument()", [1, 2]),
        ("NatsTelemetryMiddleware(record_body_size=True)", [0, 1, 3]),
    ],
)
def test_what_is_wrapped(then: str, rows: list[int]) -> None:
    """Those methods that the page names, and no others."""
    named = re.findall(r"^\| `(\w+\.\w+)` \|", PAGE, flags=re.MULTILINE)
    assert len(named) == 4
    done = subprocess.run(
        [sys.executable, "-c", WRAPPED.format(then=then)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert set(done.stdout.split()) == {named[row] for row in rows}
