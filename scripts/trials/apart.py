"""Runs a function in a process of its own, to the end of that process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_SCRIPTS: Final = Path(__file__).parents[1]
_BEGAN: Final = "began"


class FailedError(Exception):
    """A process did not come to its end, or not with a result."""


def apart(function: Callable[..., dict[str, Any]], **options: Any) -> dict[str, Any]:
    """Call a function in a new process, and wait until that has ended.

    Args:
        function: As for `Apart`.
        options: As for `Apart`.

    Returns:
        As `Apart.result`.

    Raises:
        FailedError: The process failed, or was ended because it took too long.
    """
    return Apart(function, **options).result()


class Apart:
    """A function that runs in a process of its own.

    Args:
        function: A function of a module. Its arguments and its result can be JSON.
        within: How long the process may live, in seconds.
        options: What it is called with.
    """

    def __init__(
        self,
        function: Callable[..., dict[str, Any]],
        *,
        within: float = 300,
        **options: Any,
    ) -> None:
        self._name = f"{function.__module__}:{function.__qualname__}"
        known = [str(_SCRIPTS), os.environ.get("PYTHONPATH", "")]
        # A file: nobody reads what is said while it runs.
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - until the result
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, self._name, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, known))},
        )
        self._limit = Timer(within, self._process.kill)
        self._limit.start()

    def began(self) -> None:
        """Wait until the function says so, or the process has ended."""
        assert self._process.stdout
        self._process.stdout.readline()

    def go_on(self) -> None:
        """Let a function return from `until_told`."""
        assert self._process.stdin
        self._process.stdin.close()

    def result(self) -> dict[str, Any]:
        """Wait until the process has ended.

        Returns:
            What the function returned, and under "ended" the time at which the
            process ended, by the monotonic clock that all processes share.

        Raises:
            FailedError: The process failed, or was ended because it took too long.
        """
        with self._process as process:
            assert process.stdout
            lines = process.stdout.read().splitlines()
            code = process.wait()
            ended = time.monotonic()
        self._limit.cancel()
        with self._said as file:
            file.seek(0)
            said = file.read().strip().splitlines()
        if code or not lines:
            why = said[-1][:500] if said else f"code {code}"
            raise FailedError(f"{self._name} ended with {why}")
        result: dict[str, Any] = json.loads(lines[-1])
        return {**result, "ended": ended}


def begin() -> None:
    """Tell whoever waits for it: what is measured begins."""
    print(_BEGAN, flush=True)


def until_told() -> None:
    """Return when whoever started this process lets it go on."""
    sys.stdin.read()


def _main() -> None:
    module, _, name = sys.argv[1].partition(":")
    function = getattr(import_module(module), name)
    print(json.dumps(function(**json.loads(sys.argv[2]))), flush=True)


if __name__ == "__main__":
    _main()
