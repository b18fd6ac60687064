"""The line that moves while `.venv` is set up, and how far it says that this is."""

from __future__ import annotations

import io
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[1] / "scripts" / "_venv.py"
VENV = runpy.run_path(str(FILE), run_name="scripts._venv")
FOUND = "Collecting a\nCollecting b\n"
INSTALLING = f"{FOUND}Installing collected packages: a, b, c\n"


@pytest.mark.parametrize(
    ("log", "new", "said"),
    [
        ("", 0, "found 0 packages"),
        (FOUND, 0, "found 2 packages"),
        (INSTALLING, 2, "installed 2 of 3 packages"),
        # One is replaced: it is there twice, or not at all.
        (INSTALLING, 4, "installed 3 of 3 packages"),
        (INSTALLING, -1, "installed 0 of 3 packages"),
        (f"{FOUND}WARNING: Retrying (1)", 0, "the package index does not answer"),
    ],
)
def test_how_far_it_is(log: str, new: int, said: str) -> None:
    """What was there before does not count, and there is no more than all."""
    assert VENV["progress"](log, new) == said


@pytest.mark.parametrize("columns", [200, 80, 60, 50, 40, 20])
def test_fits(columns: int) -> None:
    """A line that takes two rows of the terminal cannot be written anew."""
    said = "installed 100 of 158 packages"
    line = VENV["fitting"](said, columns)
    assert len(line) < columns
    assert line.startswith("Setting up .venv"[: columns - 1])
    assert (said in line) == (columns >= 50)


@pytest.mark.parametrize(
    ("terminal", "name", "moves"),
    [
        (True, "xterm", True),
        (True, "dumb", False),
        (True, None, False),
        (False, "xterm", False),
    ],
)
def test_moves(
    *, terminal: bool, name: str | None, moves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file, and a terminal that can do nothing, get one line."""

    class Output(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    monkeypatch.setattr(sys, "stdout", Output())
    monkeypatch.delenv("TERM", raising=False)
    if name:
        monkeypatch.setenv("TERM", name)
    assert VENV["moves"]() is moves


RETRYING = "WARNING: Retrying (Retry(total=0)) after connection broken by "
UNREACHED = f"""\
{RETRYING}'ReadTimeoutError("HTTP(host='a'): Read timed out. (timeout=1)")': /pip/
{RETRYING}'NewConnectionError('<urllib3>: [Errno -2] Name or service not known')': /pip/
ERROR: Cannot install pip because these package versions have conflicting dependencies.
ERROR: ResolutionImpossible: for help visit a page
"""


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("Collecting a\nERROR: No matching distribution for a", ["ERROR: No matching"]),
        ("Collecting a\nKilled", ["Collecting a", "Killed"]),
        # It asks for nothing that is not there, or that contradicts itself.
        (UNREACHED, ["The package index does not answer: [Errno -2] Name or", "Can "]),
        (UNREACHED.partition("\n")[0], ["does not answer: Read timed out", "Can this"]),
        (f"{RETRYING}'Something'", ["The package index does not answer.", "Can "]),
        # It went on after a while, and failed with something else.
        (f"{UNREACHED}ERROR: No space left", ["No space", "does not answer", "Can "]),
    ],
)
def test_reasons(log: str, said: list[str]) -> None:
    """Without a network, that is the reason, and not what pip takes it for."""
    reasons = VENV["reasons"](log)
    assert len(reasons) == len(said)
    for reason, part in zip(reasons, said, strict=True):
        assert part in reason


def test_ctrl_c_while_it_starts(tmp_path: Path) -> None:
    """It ends at once, and says nothing."""
    interrupts = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    (tmp_path / "tempfile.py").write_text(interrupts)
    done = subprocess.run(
        [sys.executable, str(FILE)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
