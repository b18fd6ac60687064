"""The steps of `.ci/run`: their times, those that go on beside, and how they end."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

CI = Path(__file__).parents[1] / ".ci"
BEGINNING = f"""
set -euo pipefail
at_the_end() {{ echo stopped; }}
. {shlex.quote(str(CI))}/steps
"""


def run(steps: str) -> subprocess.CompletedProcess[str]:
    """Run steps to their end."""
    return subprocess.run(
        ["bash", "-c", BEGINNING + steps],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )


def test_steps_are_timed() -> None:
    """Also those beside, whose output nobody needs when all is well."""
    done = run(
        """
        beside builds echo built
        step tests echo passed
        joined builds
        """
    )
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout
    assert "\nbuilt\n" not in done.stdout
    table = done.stdout.partition("What took how long:\n")[2]
    times = re.findall(r"^ *\d+ s +(.+)$", table, flags=re.MULTILINE)
    assert times == ["tests", "builds, beside", "waited for it", "in all"]
    assert done.stdout.endswith("== All is well.\n")
    assert done.stdout.count("stopped") == 1


@pytest.mark.parametrize(
    "steps", ["step tests fail", "beside tests fail; joined tests"]
)
def test_a_step_that_fails_is_the_last(steps: str) -> None:
    """Beside others, too; what it printed is shown. A function ends where it fails."""
    done = run(
        f"""
        fail() {{ echo begun; (exit 7); echo went on; }}
        {steps}
        step next echo next one
        """
    )
    assert done.returncode == 7, done.stdout
    assert "\nbegun\n" in done.stdout
    assert "went on" not in done.stdout
    assert "next one" not in done.stdout
    assert "failed with 7" in done.stdout
    assert "stopped" in done.stdout
    assert "All is well" not in done.stdout


def test_a_step_that_fails_ends_those_beside(tmp_path: Path) -> None:
    """They would go on for minutes."""
    done = run(f"beside long sleep 500; echo $! >{tmp_path}/pid; step tests false")
    assert done.returncode == 1, done.stdout
    assert not alive(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize(
    ("number", "deaf"),
    [(signal.SIGTERM, True), (signal.SIGINT, False), (signal.SIGHUP, False)],
)
def test_a_run_that_is_stopped_leaves_nothing(
    number: signal.Signals, tmp_path: Path, *, deaf: bool
) -> None:
    """Neither a step nor what goes on beside, not even what does not want to end."""
    steps = f"""
        steps_looks=5
        long() {{
            {"trap '' INT" if deaf else ":"}
            bash -c 'echo $$ >>{tmp_path}/pids; echo begun; exec sleep 500'
        }}
        beside long long
        step tests long
    """
    with subprocess.Popen(
        # Whoever runs the tests may ignore interrupts.
        ["env", "--default-signal", "bash", "-c", BEGINNING + steps],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "begun\n":
                break
        while len(pids := (tmp_path / "pids").read_text().split()) < 2:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "stopped" in printed
    assert not [pid for pid in pids if alive(int(pid))]


def alive(pid: int) -> bool:
    """Whether there is such a process, and not only what is to be told of its end."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_missing_python_fails(tmp_path: Path) -> None:
    """Nothing is well because nothing was tested."""
    done = subprocess.run(
        [str(CI / "package"), str(tmp_path / "python3.10"), "oldest"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "python3.10 is missing" in done.stdout
