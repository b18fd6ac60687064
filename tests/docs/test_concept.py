"""What the page "How it works" says of its program."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise

import pytest
from opentelemetry.trace import format_span_id, format_trace_id

from faststream_otel.testing import record
from guide.fresh import a_new_process
from guide.places import BROKERS
from guide.programs import Program

EVERY = [Program(broker, "context") for broker in BROKERS]
PARTS = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-03")


@pytest.mark.parametrize("program", EVERY, ids=str)
def test_the_header_is_the_context_of_the_publish_span(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    """Trace id, span id, and the flags that it is recorded and its id random."""
    with a_new_process():
        module = program.load()
        with record(module.app) as recording:
            asyncio.run(program.play(module))
    publish, process = recording.trace().spans
    found = PARTS.fullmatch(capsys.readouterr().out.strip())
    assert found is not None
    assert found.groups() == (
        format_trace_id(publish.trace_id),
        format_span_id(publish.span_id),
    )
    assert process.parent_id == publish.span_id


@pytest.mark.parametrize("program", EVERY, ids=str)
def test_a_gap_lies_between_sending_and_handling(program: Program) -> None:
    """The publish span ends when the message is sent, not when it was handled."""
    for before, after in pairwise(program.record().spans):
        assert before.end < after.start


@pytest.mark.parametrize("program", EVERY, ids=str)
def test_no_body_and_no_header_is_recorded(program: Program) -> None:
    """The name that is greeted is in no attribute."""
    for span in program.record().spans:
        assert "Ada" not in str(span)
        assert not [name for name in span.attributes if "header" in name]
