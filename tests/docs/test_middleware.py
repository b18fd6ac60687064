"""What the page "The middleware" says of its programs."""

from __future__ import annotations

import pytest

from guide.mistakes import MISTAKES, OUTPUT, said
from guide.places import BROKERS
from guide.programs import Program

EVERY = [Program(broker, "options") for broker in BROKERS]


@pytest.mark.parametrize("program", EVERY, ids=str)
def test_options(program: Program) -> None:
    """What the program asks for is on its spans."""
    publish, process = program.record().spans
    for span in (publish, process):
        assert span.attributes["messaging.header.tenant"] == ("north",)
        assert span.attributes["messaging.message.body.size"] == len("tea")
        assert "messaging.header.customer" not in span.attributes
    assert process.attributes["app.customer.id"] == "42"
    assert "app.customer.id" not in publish.attributes


@pytest.mark.parametrize("broker", BROKERS)
def test_order(broker: str) -> None:
    """What is inside finds the span, and an error that it answers is none."""
    _, process = Program(broker, "order").record().spans
    assert process.attributes["app.audited"] is True
    assert process.status == "UNSET"
    assert "error.type" not in process.attributes


def test_mistakes() -> None:
    """The page shows what the middleware says of each."""
    assert OUTPUT.read_text() == said(), "run scripts/update"
    assert len(said().splitlines()) == len(MISTAKES)
