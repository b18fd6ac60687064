"""Headers that atheris finds: it keeps what reaches new code, and changes that."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from servers.known import program
from trials.trial import Scenario

if TYPE_CHECKING:
    from trials.trial import Trial

_SCRIPTS: Final = Path(__file__).parents[2]
_RUNS: Final = 200_000
_WITHIN: Final = 600.0


def _fuzzed(trial: Trial) -> None:
    python = program("atheris").get()
    known = os.pathsep.join([str(_SCRIPTS), str(_SCRIPTS.parent)])
    command = [str(python), "-m", "trials.hostile.target", f"-atheris_runs={_RUNS}"]
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [*command, "-seed=1", "-max_len=2000"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": known},
            capture_output=True,
            text=True,
            timeout=_WITHIN,
            check=False,
        )
    done = re.search(r"Done (\d+) (?:runs )?in", run.stderr)
    reached = re.findall(r"cov: (\d+) ft: (\d+)", run.stderr)
    # What the target raised is on the one, how it went on the other.
    failed = re.findall(r"^\w+Error.*$", run.stdout + run.stderr, re.MULTILINE)
    cases = int(done[1]) if done else 0
    branches = int(reached[-1][0]) if reached else 0
    trial.check(
        "headers that atheris makes up: read, written and read again",
        "none raises, reads what the SDK does not, or writes what breaks",
        f"{cases:,} runs, {branches:,} branches reached"
        f"{''.join(f'; {each}' for each in failed[:2])}",
        holds=run.returncode == 0 and cases >= _RUNS and branches > 0,
    )


SCENARIOS: Final = (
    Scenario(
        "hostile/atheris",
        "headers that a fuzzer looks for by coverage",
        _fuzzed,
        quick=False,
        needs=("atheris",),
    ),
)
