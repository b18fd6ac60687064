"""What is downloaded or built once, and kept."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from servers import kept, programs
from tests.test_scripts import home

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ("home",)


def test_what_was_made_is_kept(tmp_path: Path) -> None:
    """Only what was left half-made is made anew."""
    made: list[int] = []

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise InterruptedError

    def make(folder: Path) -> None:
        assert not (folder / "half").exists()
        made.append(1)

    folder = programs.cache("it", "1.0")
    with pytest.raises(InterruptedError):
        kept.made(folder, fail)
    for _ in range(2):
        assert kept.made(folder, make) == folder
    assert made == [1]
    assert programs.cache("it", "1.1") != folder


def test_two_commands_make_it_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The second waits for the first, and takes what that made."""
    begun, go_on = threading.Event(), threading.Event()
    folder = programs.cache("it", "1.0")

    def make(folder: Path) -> None:
        (folder / "part").touch()
        begun.set()
        assert go_on.wait(60)
        (folder / "part").unlink()

    def never(_: Path) -> None:
        pytest.fail("it is made twice")

    with ThreadPoolExecutor(2) as commands:
        first = commands.submit(kept.made, folder, make)
        assert begun.wait(60)
        second = commands.submit(kept.made, folder, never)
        said = ""
        # A line may come in parts.
        while not said.endswith("\n") and not second.done():
            said += capfd.readouterr().err
            time.sleep(0.01)
        go_on.set()
        assert first.result(60) == second.result(60) == folder
    assert said == f"  waits for another command: {folder}\n"
    assert kept.cached(folder)


def test_a_failing_build_shows_what_it_printed(tmp_path: Path) -> None:
    """The end of it, and the command."""
    command = [sys.executable, "-c", "raise Exception('no network')"]
    with pytest.raises(SystemExit, match=r"python.*failed(.|\n)*no network"):
        kept.run(command, tmp_path)
