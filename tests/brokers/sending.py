"""Programs of the guide that send where they send by themselves, when they end."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from guide.commands import of_file, readers_environment
from guide.places import BROKERS, PROGRAMS
from guide.process import Process
from tests.brokers.clean import clean
from tests.brokers.test_programs import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from guide.programs import Program


def on(broker: str, *more: object) -> object:
    """Test on a broker, which the first of the arguments names."""
    return pytest.param(broker, *more, marks=pytest.mark.broker(broker))


EVERYWHERE = [on(name) for name in BROKERS]


def environment(**more: str) -> dict[str, str]:
    """The environment in which a program sends its spans at its end."""
    return readers_environment(**{"OTEL_BSP_SCHEDULE_DELAY": "60000", **more})


def started(program: Program, command: str, env: Mapping[str, str]) -> Process:
    """Start a program by a command of its page; nothing is left of an earlier run."""
    clean(program.broker, words(program))
    return Process(command, program.path.parent, env)


def stop(app: Process) -> None:
    """Stop a program as Ctrl+C does."""
    app.send(signal.SIGINT)
    assert app.end(terminate=False) == 0, app.output


def play(program: Program, command: str = "") -> str:
    """Start a program as its page says, stop it, and give what it printed."""
    command = command or f"exec faststream run {program.step}:app"
    with started(program, command, environment()) as app:
        app.wait_for("Processed")
        stop(app)
        return app.output


def script(broker: str, name: str) -> str:
    """The command of a shell file."""
    return of_file(PROGRAMS / broker / f"{name}.sh")
