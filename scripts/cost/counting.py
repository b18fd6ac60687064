"""Counts instructions with callgrind: the same on a busy machine as on a quiet one."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cost import callgrind
from cost.contenders import BARE, MEASURED
from cost.scenes import MESSAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    # Instructions a message over bare, by contender.
    Counts = dict[str, int]

_HERE: Final = Path(__file__).parent
REMEDY: Final = "apt-get install valgrind gcc libc6-dev"


def missing() -> list[str]:
    """Name the programs that counting needs and this machine lacks."""
    return [name for name in ("valgrind", "gcc") if not shutil.which(name)]


def count(
    broker: str, modes: Sequence[str], *, messages: int, layouts: int
) -> dict[str, Counts]:
    """Count what each contender does for a message, over bare FastStream.

    Args:
        broker: The name of the broker's module.
        modes: The names of the modes.
        messages: How many messages to count; the mean of them is given.
        layouts: In how many layouts of memory; the median of them is given.

    Returns:
        Instructions by mode and contender; those of bare FastStream as they are.
    """
    # Bare FastStream does the same whatever telemetry is wanted.
    wanted = [(MESSAGE, modes[0], BARE)]
    wanted += [(MESSAGE, mode, name) for mode in modes for name in MEASURED]
    found = instructions(broker, wanted, messages=messages, layouts=layouts)
    bare = found[wanted[0]]
    return {
        mode: {
            BARE: round(bare),
            **{name: round(found[MESSAGE, mode, name] - bare) for name in MEASURED},
        }
        for mode in modes
    }


def instructions(
    broker: str,
    wanted: Sequence[tuple[str, str, str]],
    *,
    messages: int,
    layouts: int,
) -> dict[tuple[str, str, str], float]:
    """Count the instructions of a message, FastStream's included.

    Args:
        broker: The name of the broker's module.
        wanted: Scenes, modes and contenders.
        messages: How many messages to count, at least.
        layouts: In how many layouts of memory.
    """
    counted: dict[tuple[str, str, str], list[float]] = {each: [] for each in wanted}
    with _helper() as helper, tempfile.TemporaryDirectory() as dumps:
        valgrind = [
            *("valgrind", "--tool=callgrind", "--quiet", "--instr-atstart=no"),
            f"--callgrind-out-file={dumps}/%p",
            *(sys.executable, "-m", "cost.program", str(helper), broker),
            *(str(messages), str(layouts)),
        ]
        run = subprocess.run(
            valgrind,
            input=json.dumps(wanted),
            stdout=subprocess.PIPE,
            text=True,
            env=_environment(),
            check=True,
        )
        for line in run.stdout.splitlines():
            scene, mode, name, process, sent = json.loads(line)
            total = callgrind.instructions(Path(dumps, f"{process}.1"))
            counted[scene, mode, name].append(total / sent)
    return {each: statistics.median(totals) for each, totals in counted.items()}


@contextmanager
def _helper() -> Iterator[Path]:
    """Compile what tells callgrind where counting begins and ends."""
    with tempfile.TemporaryDirectory() as directory:
        helper = Path(directory, "instrumentation.so")
        source = _HERE / "instrumentation.c"
        subprocess.run(
            ["gcc", "-O2", "-shared", "-fPIC", source, "-o", helper],  # noqa: S607
            check=True,
        )
        yield helper


def _environment() -> dict[str, str]:
    """Nothing but what is needed: even its size may move the counts."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(_HERE.parent),
        "PYTHONHASHSEED": "0",
    }
