"""Folders whose contents are downloaded or built once, and what does that."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEWS = 10.0  # seconds between two lines that say that it still goes on


class Maker(Protocol):
    """Fills a folder."""

    def __call__(self, folder: Path, /) -> None: ...


def cached(folder: Path) -> bool:
    """Tell whether it has been downloaded or built."""
    return (folder / "whole").exists()


def made(folder: Path, make: Maker) -> Path:
    """Give the folder; make it if it is not there, or was left half-made."""
    if not cached(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with taken(folder):
            # Another command may have made it meanwhile.
            if not cached(folder):
                empty(folder)
                make(folder)
                (folder / "whole").touch()
    return folder


@contextmanager
def taken(folder: Path) -> Iterator[None]:
    """Wait until no other command makes it; then the others wait for this one."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"  waits for another command: {folder}", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def empty(folder: Path) -> None:
    """Remove what is in it. It stays itself: others may wait for it."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def run(command: list[str], folder: Path, **environment: str) -> None:
    """Run what may take long, and say so; show what it printed if it fails."""
    print(f"  {' '.join(command)}", file=sys.stderr, flush=True)
    log = folder / "log"
    began = time.monotonic()
    with (
        log.open("w") as output,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        while True:
            try:
                process.wait(NEWS)
                break
            except subprocess.TimeoutExpired:
                seconds = round(time.monotonic() - began)
                print(f"  … {seconds} s", file=sys.stderr, flush=True)
            except BaseException:
                process.terminate()
                raise
    if process.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise SystemExit(f"{' '.join(command)} failed:\n{tail}")
