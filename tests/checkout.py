"""A copy of this checkout, in which commands run as they do for a reader."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROC = Path("/proc")
# Whatever a command does is done by then, on a busy machine too.
LONG = 120.0


def copy(to: Path, *, venv: bool = True) -> Path:
    """Copy what the commands need; with this process's packages, or with none."""
    # As nobody's shell script expects it.
    root = to / "a checkout"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "site", "dist", "tests")
    shutil.copytree(ROOT, root, ignore=ignored)
    # The guide names the tests of its programs, and its programs' expected traces.
    shutil.copytree(ROOT / "tests" / "docs", root / "tests" / "docs")
    (root / "tests" / "__init__.py").touch()
    if venv:
        (root / ".venv").mkdir()
        for part in ("bin", "lib", "pyvenv.cfg"):
            (root / ".venv" / part).symlink_to(Path(sys.prefix, part))
        project = (root / "pyproject.toml").read_text().partition("\n[tool")[0]
        pins = (root / "constraints.txt").read_text()
        (root / ".venv" / "stamp").write_text(f"{root}\n{project}\n{pins}")
    return root


class Command:
    """A command that runs, as in a terminal of its own.

    Args:
        root: The checkout.
        script: The name of the script, and its arguments.
        environment: What it finds besides what this process has.
    """

    def __init__(self, root: Path, *script: str, **environment: str) -> None:
        prefix = f"tmp of {script[0]} "
        self.temporary = Path(tempfile.mkdtemp(prefix=prefix, dir=root.parent))
        # Tells its processes, whatever session they are in.
        self.mark = f"TMPDIR={self.temporary}".encode()
        self.process = subprocess.Popen(
            [str(root / "scripts" / script[0]), *script[1:]],
            cwd="/",
            env={**os.environ, "TMPDIR": str(self.temporary), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said: list[str] = []
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        """Keep what it prints."""
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self.said.append(line)
                self.lines.put(line)

    def until(self, words: str) -> str:
        """Wait until it prints a line with these words; give that line."""
        try:
            while words not in (line := self.lines.get(timeout=LONG)):
                pass
        except queue.Empty:
            raise AssertionError(f"no {words!r} in {self.text()}") from None
        return line

    def has_said(self, words: str) -> bool:
        """Whether it has printed a line with these words since the last one."""
        while not self.lines.empty():
            if words in self.lines.get():
                return True
        return False

    def text(self) -> str:
        """All that it has printed."""
        return "".join(self.said)

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """Send all of its processes a signal, as a terminal does at Ctrl-C."""
        os.killpg(self.process.pid, number)

    def wait(self) -> int:
        """Wait for its end; give its exit status."""
        status = self.process.wait(LONG)
        self.reader.join(LONG)
        return status

    def processes(self) -> list[str]:
        """The command lines of its processes that run."""
        found = []
        for process in PROC.glob("[0-9]*"):
            # Some end meanwhile, and some are none of our business.
            with contextlib.suppress(OSError):
                if self.mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_text())
        return found

    def check_nothing_is_left(self) -> None:
        """No process, no file, and no word about its own code."""
        assert not self.processes()
        assert not list(self.temporary.iterdir())
        assert "Traceback" not in self.text()

    def end(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.wait()
