"""Makes .venv, then starts the script that needs it anew.

PYTHON scripts/_venv.py STAMP SCRIPT [ARGUMENT ...]

STAMP is written into .venv once that is whole. No shell waits for this process, so a
signal to the script ends pip, too.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":
    # While there is nothing to end in good order, it ends this process at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
VENV = ROOT / ".venv"
PIP = [str(VENV / "bin" / "python"), "-m", "pip", "--no-input", "install"]
PINS = ["-c", "constraints.txt", "--build-constraint", "constraints.txt"]
STEPS = [
    [sys.executable, "-m", "venv", "--clear", str(VENV)],
    # The pip that comes with Python may be too old for --group.
    [*PIP, "--upgrade", "-c", "constraints.txt", "pip"],
    [*PIP, *PINS, "-e", ".", "--group", "dev"],
]
TITLE = "Setting up .venv, once, in about a minute"
# What pip says when nobody answers.
RETRYING = "WARNING: Retrying "
NOT_THERE = re.compile("conflicting dep|ResolutionImp|No matching|not find a version")


# The signals that ask this process to end.
asked: list[int] = []


def pause() -> None:
    """Wait a moment, unless this process is to end.

    Only here does it end by a signal: nothing is started that is not ended with it.
    """
    time.sleep(0.2)
    if asked:
        print("\nStopped: the next run sets up .venv again.", file=sys.stderr)
        raise SystemExit(128 + asked[0])


def installed() -> int:
    """How many packages are there."""
    return sum(1 for _ in VENV.glob("lib/python*/site-packages/*.dist-info"))


def progress(log: str, new: int) -> str:
    """How far pip is, by what it has printed and how many packages are new."""
    if "".join(log.splitlines()[-1:]).startswith(RETRYING):
        return "the package index does not answer"
    installing = re.search(r"^Installing collected packages: .*", log, re.MULTILINE)
    if not installing:
        return f"found {len(re.findall('^Collecting ', log, re.MULTILINE))} packages"
    wanted = installing[0].count(",") + 1
    # A package that is replaced is there twice for a moment.
    return f"installed {min(max(new, 0), wanted)} of {wanted} packages"


def moves() -> bool:
    """Whether a line that is printed can be written anew."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def fitting(said: str, columns: int) -> str:
    """The line that says how far it is: a longer one could not be written anew."""
    line = f"{TITLE}: {said}"
    if len(line) >= columns:
        line = f"{TITLE.partition(',')[0]}: {said}"
    return line[: columns - 1]


def rewrite(said: str) -> None:
    """Write the line anew."""
    line = fitting(said, shutil.get_terminal_size().columns)
    print(f"\r{line}\033[K", end="", flush=True)


def run(command: list[str], folder: Path) -> None:
    """Run one step; show how far it is where a line can be written anew."""
    log = folder / "log"
    before = installed()
    with log.open("wb") as printed:
        step = subprocess.Popen(
            command,
            cwd=ROOT,
            # What it leaves there when it is ended is removed, too.
            env={**os.environ, "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            # A group of its own, which is ended as a whole.
            start_new_session=True,
        )
        try:
            while step.poll() is None:
                if moves():
                    said = log.read_text(errors="replace")
                    rewrite(progress(said, installed() - before))
                pause()
            # Whatever ended it: between its start and its own group it hears of Ctrl-C.
            pause()
        finally:
            if step.returncode is None:
                os.killpg(step.pid, signal.SIGKILL)
                step.wait()
    if step.returncode:
        fail(log.read_text(errors="replace"))


def reasons(log: str) -> list[str]:
    """What went wrong, as far as pip tells."""
    errors = re.findall(r"^ *(?:ERROR|Error): .*", log, re.MULTILINE)
    if RETRYING not in log:
        return errors or log.splitlines()[-9:]
    # What pip could not ask for, it takes for what is not there.
    errors = [error for error in errors if not NOT_THERE.search(error)]
    (*_, retried) = re.findall(rf"^{RETRYING}.*", log, re.MULTILINE)
    why = re.search(r"\[Errno -?\d+\] [\w ]+|\w+ timed out", retried)
    because = f": {why[0]}" if why else "."
    asked = "Can this machine reach a package index?"
    return [*errors, f"The package index does not answer{because}", asked]


def fail(log: str) -> None:
    """Say what went wrong, as far as pip tells, and end."""
    print("", *reasons(log), sep="\n", file=sys.stderr)
    raise SystemExit("Could not set up .venv: the next run starts again.")


def make(stamp: str) -> None:
    """Make it; only a whole one has a stamp."""
    if moves():
        rewrite("beginning")
    else:
        print(TITLE, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for step in STEPS:
            run(step, Path(folder))
    (VENV / "stamp").write_text(stamp)
    if moves():
        rewrite("done")
        print(flush=True)


def is_free(checkout: int) -> bool:
    """Take the checkout, unless another command has it."""
    try:
        fcntl.flock(checkout, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def main() -> None:
    """Make it, or wait for another command that does, and start the script anew."""
    stamp, *script = sys.argv[1:]
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, _: asked.append(number))
    if not os.access(ROOT, os.W_OK):
        raise SystemExit(f"Cannot write to {ROOT}, where .venv is to be.")
    checkout = os.open(ROOT, os.O_RDONLY)
    if is_free(checkout):
        make(stamp)
    else:
        print("Another command is setting up .venv: waiting for it.", flush=True)
        while not is_free(checkout):
            pause()
    os.execv(script[0], script)  # noqa: S606 - it is a script of this checkout


if __name__ == "__main__":
    main()
