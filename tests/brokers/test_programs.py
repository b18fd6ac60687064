"""Every program of the guide with a real broker, started as its page says.

What it records goes to the test by OTLP, and is what it records in memory.
"""

from __future__ import annotations

import ast
import re
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from faststream_otel.testing import Trace, assert_trace
from guide.commands import (
    environment,
    of_program,
    publishing,
    readers_environment,
)
from guide.places import BROKERS, PROGRAMS
from guide.process import PATIENCE, Process
from guide.programs import ALL, Program
from guide.signals import LOGS, SIGNALS
from guide.signals import output as output_file
from guide.steps import STEPS
from tests.brokers.clean import clean
from tests.brokers.expected import AT_THE_SAME_TIME, ON_THE_WIRE
from tests.brokers.receiver import PROTOCOLS, Inbox, trace_of
from tests.docs.test_programs import assert_links_its_messages

if TYPE_CHECKING:
    from collections.abc import Iterable

# What the programs that show no trace print, or log, when they have done all.
TRACE_ID = re.compile(r"\b[0-9a-f]{32}\b")
LAST = {"metrics": "Packing cake", "logs": "Processed"}


def each(programs: Iterable[Program]) -> list[object]:
    """Give programs as parameters, each with what it needs."""
    return [
        pytest.param(program, marks=pytest.mark.broker(program.broker), id=str(program))
        for program in programs
    ]


# Those that serve HTTP, or call it, are run together: test_http.py.
TALKING = {step for step, each in STEPS.items() if each.posted or each.calls}
# It has no command of its own: tests/docs/test_servers.py runs it.
HOSTED = {"serving_fastapi"}


@pytest.mark.parametrize(
    "program", each(program for program in ALL if program.step not in TALKING | HOSTED)
)
def test_trace(program: Program) -> None:
    """It records what its page shows, and prints what it says."""
    expected = program.expected
    if (program.broker, program.step) in ON_THE_WIRE:
        expected, _ = ON_THE_WIRE[program.broker, program.step]
    # The two ways of OTLP take turns.
    protocol = list(PROTOCOLS)[ALL.index(program) % len(PROTOCOLS)]
    recorded, output = run(program, protocol, len(expected.split("\n")) - 2)
    if together := AT_THE_SAME_TIME.get((program.broker, program.step)):
        expected = as_they_began(recorded, together, expected)
    assert_trace(recorded, expected)
    assert_links_its_messages(program, recorded)
    assert_printed(program, output)


def as_they_began(recorded: Trace, names: tuple[str, str], expected: str) -> str:
    """Give what is expected with two siblings in the order in which they began."""
    first, second = names
    begun = [span.name for _, span in recorded.walk() if span.name in names]
    if begun == [second, first]:
        lines = {first: second, second: first}
        return re.sub("|".join(names), lambda found: lines[found[0]], expected)
    return expected


def assert_printed(program: Program, output: str) -> None:
    """It printed the lines that it says, with ids of its own."""
    lines = program.shown()
    printed = output.splitlines()
    assert set(map(without_ids, lines)) <= set(map(without_ids, printed)), output


def without_ids(line: str) -> str:
    """Give a line that is the same in each run."""
    return re.sub(r"\b[0-9a-f-]{15,}\b", "…", line)


def run(program: Program, protocol: str, spans: int) -> tuple[Trace, str]:
    """Run a program until it has sent so many spans, and end it."""
    clean(program.broker, words(program))
    inbox = Inbox()
    with ExitStack() as stack:
        endpoint = stack.enter_context(PROTOCOLS[protocol](inbox))

        def start(command: str) -> Process:
            env = environment(protocol, endpoint)
            process = Process(command, cwd=program.path.parent, env=env)
            return stack.enter_context(process)

        app = start(of_program(program))
        if published := program.played.published:
            app.wait_for("app started successfully")
            publisher = start(publishing(program, *published))
            assert publisher.end(terminate=False) == 0, publisher.output
        inbox.wait(spans, within=PATIENCE)
        # What is not traced prints when it likes; ids are other ones each time.
        for line in program.shown():
            if without_ids(line) == line:
                app.wait_for(line)
        # uvicorn raises the signal again once it has shut down.
        ends = -signal.SIGTERM if "uvicorn" in of_program(program) else 0
        assert app.end() == ends, app.output
        # It has ended: nothing more can come.
        return trace_of(inbox.wait(spans, within=0)), app.output


def test_no_program_is_forgotten() -> None:
    """Those that are not run here are in test_exporters.py and test_backends.py."""
    here = {program.path for program in (*ALL, *SIGNALS)}
    of_brokers = (
        path for path in PROGRAMS.glob("*/*.py") if path.parent.name in BROKERS
    )
    others = {path for path in of_brokers if path not in here}
    kinds = {"", "_http", "_console", "_memory", "_prometheus", "_zipkin"}
    # The last one is itself a test, in memory.
    steps = {*(f"exporting{kind}" for kind in kinds), "test_orders", "test_details"}
    assert {path.stem for path in others} == steps
    assert len(others) == len(steps) * len(BROKERS)


@pytest.mark.parametrize("program", each(SIGNALS))
def test_signals(program: Program) -> None:
    """It prints the counts that its page shows, or logs the ids of its trace."""
    clean(program.broker, words(program))
    env = readers_environment()
    with Process(of_program(program), cwd=program.path.parent, env=env) as app:
        app.wait_for(LAST[program.step.partition("_")[0]])
        assert app.end() == 0, app.output
        output = app.output
    assert_printed(program, output)
    if program in LOGS:
        shown = set(map(without_ids, output_file(program).read_text().splitlines()))
        logged = [line for line in output.splitlines() if without_ids(line) in shown]
        assert set(map(without_ids, logged)) == shown, output
        # This line is about no message, whose id may be as long.
        (packing,) = [line for line in logged if "Packing" in line]
        (trace_id,) = TRACE_ID.findall(packing)
        assert all(trace_id in line for line in logged), output


def words(program: Program) -> set[str]:
    """Every word that a program has in quotes: its destinations are among them."""
    tree = ast.walk(ast.parse(program.path.read_text()))
    values = [str(node.value) for node in tree if isinstance(node, ast.Constant)]
    return {value for value in values if re.fullmatch(r"[\w.-]+", value)}


def test_differences_have_a_reason() -> None:
    """And are differences, of programs that there are."""
    for (broker, step), (expected, reason) in ON_THE_WIRE.items():
        program = Program(broker, step)
        assert program in ALL
        assert reason
        assert expected.split() != program.expected.split()
