"""A command that runs beside the test, as a reader of the guide would start it."""

from __future__ import annotations

import subprocess
from threading import Condition, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

PATIENCE = 30.0  # seconds; a process takes about two to start


class Process:
    """A command of a shell, run in a directory.

    Leaving it ends the process, if it has not ended by itself.
    """

    def __init__(self, command: str, cwd: Path, env: Mapping[str, str]) -> None:
        self.name = command.removeprefix("exec ")
        self._lines: list[str] = []
        self._ended = False
        self._changed = Condition()
        self._process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = Thread(target=self._read)
        self._reader.start()

    @property
    def output(self) -> str:
        """All that it has printed."""
        with self._changed:
            return "".join(self._lines)

    def wait_for(self, text: str, within: float = PATIENCE) -> None:
        """Return when it has printed `text`."""
        self.wait_until(lambda output: text in output, within)

    def wait_until(
        self, has_printed: Callable[[str], bool], within: float = PATIENCE
    ) -> None:
        """Return when what it has printed is as wanted."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._ended or has_printed("".join(self._lines)), within
            )
        assert has_printed(self.output), f"{self.name} printed:\n{self.output}"

    def send(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def end(self, *, terminate: bool = True) -> int:
        """Return its exit code; unless told otherwise, ask it to end first."""
        if terminate:
            self._process.terminate()
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} goes on:\n{self.output}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._note(line)
        self._note("", ended=True)

    def _note(self, line: str, *, ended: bool = False) -> None:
        with self._changed:
            self._lines.append(line)
            self._ended = ended
            self._changed.notify_all()
