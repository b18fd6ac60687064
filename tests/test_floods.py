"""Headers that a stranger made to cost much: they cost what good ones do."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context

from faststream_otel.nats import NatsTelemetryMiddleware
from faststream_otel.testing import SpanRecorder, in_memory
from tests.hops import raw_message
from tests.kinds import Kind, every_kind
from tests.test_propagation import PROPAGATION, SPAN, TRACEPARENT

FLOODS = {
    "spaces": " " * 8192,
    "tabs and spaces": "\t " * 4096,
    "accents": "é," * 2730,
    "one accent": "é" * 8192,
    "commas": "," * 8192,
    "semicolons": "a=1" + ";" * 8000,
    "properties": "a=1" + ";b=c" * 2000,
    "bad properties": "a=1;\x1b[31m," * 800,
    "signs": "=" * 8192,
    "percents": "a=" + "%" * 8000,
    "broken percents": "%zz=%zz," * 1000,
    "entries": "a=1," * 2048,
    "long entry": "a=" + "b" * 8000,
    "spaced entries": ("a =  1 " + " " * 40 + ",") * 150,
    "control characters": "\x1b[31mred\x00\r\nfake line" * 200,
    "a megabyte": "a=1," * 250_000,
    "a megabyte of accents": "é=1," * 250_000,
}
# As much as W3C Baggage allows, with values that are encoded: decoding them is the
# propagator's, and dear on Python 3.10.
GOOD = ",".join(f"key{n}=value%20{n}" for n in range(180))


def calls(headers: dict[str, Any], propagation: Any = PROPAGATION) -> int:
    """Count the calls, of Python and of C, that reading headers makes."""
    counted = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        propagation.receive(headers, Context())
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.parametrize("name", FLOODS)
@pytest.mark.parametrize("header", ["baggage", "tracestate", "traceparent"])
def test_a_flood_costs_no_more_than_a_good_header(header: str, name: str) -> None:
    """Counted in calls, which are the same on every machine."""
    good = {"baggage": GOOD, "traceparent": TRACEPARENT, "tracestate": "a=1,b=2"}
    assert calls({**good, header: FLOODS[name]}) <= 2 * calls(good)


@pytest.mark.parametrize("name", FLOODS)
def test_only_what_is_well_formed_reaches_the_library(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In few and short entries: it could be slow, or log what it does not like."""
    parsed: list[str] = []
    extract = W3CBaggagePropagator.extract

    def spy(self: Any, carrier: Any, context: Any = None, getter: Any = None) -> Any:
        parsed.extend(getter.get(carrier, "baggage") or [])
        return extract(self, carrier, context, getter)

    monkeypatch.setattr(W3CBaggagePropagator, "extract", spy)
    PROPAGATION.receive({"baggage": FLOODS[name]}, Context())
    for header in parsed:
        entries = header.split(",")
        assert len(entries) <= 180
        assert all(entry.isascii() and entry.isprintable() for entry in entries)
        assert all(0 < len(entry) <= 4096 for entry in entries)
        assert all("=" in entry and " " not in entry for entry in entries)


def test_what_is_not_wanted_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`incoming="ignore"` reads nothing; keys that are refused reach no library."""
    ignoring = NatsTelemetryMiddleware(incoming="ignore").telemetry.propagation
    refusing = NatsTelemetryMiddleware(baggage_keys=[]).telemetry.propagation
    small = calls({"baggage": "a=1"}, ignoring)
    for flood in (*FLOODS.values(), GOOD):
        assert calls({"baggage": flood}, ignoring) == small

    def refuse(*arguments: Any) -> Any:
        raise AssertionError("parsed")

    monkeypatch.setattr("opentelemetry.baggage.propagation.set_baggage", refuse)
    for flood in (*FLOODS.values(), GOOD):
        refusing.receive({"baggage": flood}, Context())


def test_a_good_header_is_read_whole() -> None:
    """The bounds are those of W3C Baggage."""
    found = baggage.get_all(PROPAGATION.receive({"baggage": GOOD}, Context())[0])
    assert len(found) == 180
    longest = "k=v," + "a=1," * 2046 + "a=12"
    # 8,192 characters, and a byte more.
    wide = longest[:-1] + "é"
    entries = {"k": "v", "a": "1"}
    for flood, expected in ((longest, entries), (longest + "3", {}), (wide, {})):
        context, _ = PROPAGATION.receive({"baggage": flood}, Context())
        assert baggage.get_all(context) == expected
    read_the_same = ("a=" + "b" * 4000, " a = 1;p = 2 , c=3", "a=%20x%2C", "a=;p,b=1")
    for good in read_the_same:
        context, _ = PROPAGATION.receive({"baggage": good}, Context())
        raw = W3CBaggagePropagator().extract({"baggage": good}, Context())
        assert baggage.get_all(context) == baggage.get_all(raw)


@every_kind
@pytest.mark.parametrize(
    "options",
    [{}, {"incoming": "ignore"}, {"incoming": "link"}, {"baggage_keys": ["tenant"]}],
    ids=["default", "ignore", "link", "keys"],
)
def test_no_line_is_logged(
    kind: Kind, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """However many entries are wrong; the handler runs, in the message's trace."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry=options, logger=None)
    handled: list[str] = []

    @kind.subscriber(broker, "orders")
    async def handle(body: str) -> None:
        handled.append(body)

    floods = [flood for flood in FLOODS.values() if len(flood.encode()) <= 65_000]

    async def main() -> None:
        async with in_memory(broker):
            (subscriber,) = broker.subscribers
            for flood in floods:
                headers = {"traceparent": TRACEPARENT, "baggage": flood}
                await subscriber.process_message(await raw_message(kind, headers))

    asyncio.run(main())
    assert len(handled) == len(floods) == len(recorder.trace().spans)
    assert not caplog.records
    if "incoming" not in options:
        assert {span.parent_id for span in recorder.trace().spans} == {SPAN}
