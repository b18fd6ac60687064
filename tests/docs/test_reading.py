"""What the page "Reading a trace" says of its pictures."""

from __future__ import annotations

import pytest

from faststream_otel.testing import RecordedSpan, assert_trace
from guide.places import BROKERS
from guide.programs import ALL, OTHERWISE, Program

every_broker = pytest.mark.parametrize("broker", BROKERS)
REDELIVERED = [program for program in ALL if program.step == "redelivered"]


def spans(broker: str, step: str) -> dict[str, RecordedSpan]:
    """The spans of a step, by what they do; of handlers, by their names."""
    return {
        str(span.attributes.get("code.function.name", span.name)): span
        for span in Program(broker, step).record().spans
    }


@pytest.mark.parametrize("program", OTHERWISE, ids=str)
def test_trace(program: Program) -> None:
    """It is what its section describes."""
    assert_trace(program.record(), program.expected)


@every_broker
def test_a_slow_handler(broker: str) -> None:
    """23 ms, of which 20 are the handler's own; its child is at the end."""
    found = spans(broker, "reading")
    handler, publish = found["reading.pack"], found["publish invoices"]
    assert handler.end - handler.start == 23_000_000
    assert publish.start - handler.start >= 20_000_000
    assert all(
        span.end - span.start < 20_000_000
        for span in found.values()
        if span is not handler
    )


@every_broker
def test_several_subscribers(broker: str) -> None:
    """They have one parent, link it, and run at the same time."""
    found = spans(broker, "reading")
    send, archive = found["reading.send"], found["reading.archive"]
    publish = found["publish invoices"]
    for span in (send, archive):
        assert span.parent_id == publish.span_id
        assert [link.span_id for link in span.links] == [publish.span_id]
    assert max(send.start, archive.start) < min(send.end, archive.end)


@every_broker
def test_time_in_the_broker(broker: str) -> None:
    """The gap is 30 ms wider, and the bars are as before."""
    before, waiting = spans(broker, "reading"), spans(broker, "reading_waiting")
    gaps = [
        found["reading.pack"].start - found["publish orders"].end
        for found in (before, waiting)
    ]
    assert gaps[1] - gaps[0] == 30_000_000
    for name, span in before.items():
        assert waiting[name].end - waiting[name].start == span.end - span.start


@every_broker
def test_a_lost_message(broker: str) -> None:
    """Its publish span has no child and no error."""
    found = spans(broker, "reading_lost")
    publish = found["publish invoices"]
    assert publish.status == "UNSET"
    assert not [span for span in found.values() if span.parent_id == publish.span_id]


@every_broker
def test_a_missing_parent(broker: str) -> None:
    """One trace, a parent that is not there, and a link that leads out."""
    found = spans(broker, "reading_orphan")
    assert len({span.trace_id for span in found.values()}) == 1
    known = {span.span_id for span in found.values()}
    for name in ("reading.send", "reading.archive"):
        assert found[name].parent_id not in {None, *known}
        assert {link.span_id for link in found[name].links} & known == set()


@pytest.mark.parametrize("program", REDELIVERED, ids=str)
def test_a_message_that_came_again(program: Program) -> None:
    """The same handler twice, one after the other, below one publish span."""
    publish, first, second = program.record().spans
    assert first.parent_id == second.parent_id == publish.span_id
    assert first.end < second.start
    names = {span.attributes["code.function.name"] for span in (first, second)}
    assert names == {"redelivered.pack"}
    assert first.attributes["error.type"] == "ConnectionError"
    assert [span.status for span in (publish, first, second)] == [
        "UNSET",
        "ERROR",
        "UNSET",
    ]
